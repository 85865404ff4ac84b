"""Small pieces of JavaScript that Gradio runs at its events; what listens on the whole page is page.js."""

from __future__ import annotations

CONNECT_EVIDENCE = """
const sent = async (answer) => {
  const html = await answer;
  if (html === undefined) throw new Error("the server did not send it");
  return html;
};
window.openDocument = (what) => sent(server.open_document(what));
window.translateQuote = (what) => sent(server.translate_quote(what));
watch('value', () => { document.getElementById('evidence').scrollTop = 0; });
"""
"""With the evidence: how page.js fetches whole documents and translations, and each new answer's from its top. Of
what was not sent, Gradio makes a warning in the console and `undefined`."""

SCROLL_TO_NEWEST = """
window.rateAnswer = (what) => server.rate_answer(what);
element.setAttribute('aria-live', 'polite');
watch('value', () => {
  const newest = element.querySelector('.turn:last-of-type');
  if (newest) newest.scrollIntoView({ behavior: 'auto', block: 'nearest' });
});
"""
"""With the conversation: how page.js hands on a verdict. It is read out as it grows; its newest turn comes into
view."""

KNOW_VISITOR = """async () => {
  // Whoever started the program has an address with a one-time code: it is exchanged for a session, and goes.
  const code = new URLSearchParams(location.hash.slice(1)).get("code");
  if (code) {
    history.replaceState(null, "", location.pathname + location.search);
    const headers = { "content-type": "application/json" };
    await fetch("session", { method: "POST", headers, body: JSON.stringify({ code }) }).catch(console.info);
  }
  // The tab's own storage survives a reload and goes when the tab is closed; the browser's outlives both. A new
  // tab goes on with the newest conversation of this browser, unless it was opened with a question.
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  const fresh = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  let saved = "";
  try {
    if (!sessionStorage.visitor) {
      sessionStorage.visitor = fresh;
      const isAsking = new URLSearchParams(location.search).has("q");
      if (!isAsking && localStorage.conversation) sessionStorage.conversation = localStorage.conversation;
    }
    saved = sessionStorage.conversation ?? "";
    window.visitor = sessionStorage.visitor;
  } catch {
    // A browser that keeps nothing, as in another site's frame: the conversation lives as long as the page.
    window.visitor ??= fresh;
  }
  return [window.visitor, saved];
}"""
"""When the page opens: the tab's own id (ui/conversation/memory.py), new at first, and the conversation that it
kept."""

KEEP_EXCHANGE = """(newest) => {
  if (!newest) return;
  try {
    const kept = JSON.parse(sessionStorage.conversation || "[]");
    kept.push(JSON.parse(newest));
    sessionStorage.conversation = localStorage.conversation = JSON.stringify(kept.slice(-30));
  } catch (error) {
    console.info("this browser keeps no conversations", error);
  }
}"""
"""After an answer: the browser keeps it (qa.ui.conversation.saved)."""

FORGET_CONVERSATION = """(...inputs) => {
  try {
    delete sessionStorage.conversation;
    delete localStorage.conversation;
  } catch {
    // It kept nothing.
  }
  return inputs;
}"""
"""When the conversation is cleared: the browser forgets it, too."""

LOG_IN = """
let isSent = false;
watch('value', () => {
  // The form is gone, and with it where the keyboard was.
  if (isSent) element.querySelector('[role=status]')?.focus({ preventScroll: true });
  isSent = false;
});
element.addEventListener('submit', async (event) => {
  event.preventDefault();
  const form = event.target;
  const button = form.querySelector('button');
  const said = form.querySelector('.problem');
  button.disabled = true;
  if (said) said.textContent = '';
  try {
    const sent = { method: 'POST', headers: { 'content-type': 'application/json' } };
    if (form.elements.key) sent.body = JSON.stringify({ key: form.elements.key.value });
    const answer = await fetch(form.action, sent);
    form.reset();
    if (answer.ok && form.matches('.log-out')) location.reload();  // nothing that staff saw stays on the page
    else if (answer.ok) {
      isSent = true;
      trigger('submit');
    } else said.textContent = answer.status === 429 ? form.dataset.later : form.dataset.wrong;
  } catch {
    if (said) said.textContent = form.dataset.failed;
  }
  button.disabled = false;
});
"""
"""With the form for the key: the server gives a session for it (qa.ui.access.login), and no browser keeps it."""

SET_LANGUAGE = """(code) => {
  document.documentElement.lang = code;
  document.title = document.querySelector('#header h1')?.textContent ?? document.title;
}"""
"""When the language is known: the page says so to browsers and screen readers."""

TELL_SHOWN_LANGUAGE = """(code, visitor) => [code, visitor, document.documentElement.lang]"""
"""When a language is chosen: which one the page has now (qa.ui.page)."""
