"""Small pieces of JavaScript that Gradio runs at its events; what listens on the whole page is page.js."""

from __future__ import annotations

CONNECT_EVIDENCE = """
window.openDocument = (what) => server.open_document(what);
watch('value', () => { document.getElementById('evidence').scrollTop = 0; });
"""
"""With the evidence: how page.js fetches whole documents, and each new answer's evidence from its top."""

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

KNOW_VISITOR = """() => {
  // sessionStorage is the tab's own: it survives a reload and goes when the tab is closed.
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  window.visitor = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  try {
    window.visitor = sessionStorage.visitor ??= window.visitor;
  } catch {
    // Within another site the browser may refuse it: the conversation then ends with the page.
  }
  return [window.visitor];
}"""
"""When the page opens: the tab's own id, a new one at first (qa.ui.memory)."""

KEEP_KEY = """(key, ...rest) => {
  // The browser's uploads carry the key as a cookie of this site, for as long as the window is open.
  document.cookie = `qa_key=${encodeURIComponent(key ?? "")}; path=/; SameSite=Strict`;
  return [key, ...rest];
}"""
"""When the key is typed, or came with the staff's link: uploads are checked by it (qa.ui.access)."""

SET_LANGUAGE = """(code) => {
  document.documentElement.lang = code;
  document.title = document.querySelector('#header h1')?.textContent ?? document.title;
}"""
"""When the language is known: the page says so to browsers and screen readers."""
