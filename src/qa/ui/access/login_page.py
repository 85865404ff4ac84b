"""The page on which readers log in, where reading wants a key: one answer of our own, without Gradio."""

from __future__ import annotations

from qa.i18n.messages import say
from qa.rendering.escaping import Html, fill
from qa.ui.first_paint import early_style

STYLE = """
body { margin: 0; background: var(--ground); color: var(--ink); font: 16px/1.625 system-ui, sans-serif; }
:lang(km) body, :lang(km) h1 { line-height: 1.95; }
main { box-sizing: border-box; max-width: 30rem; margin: 0 auto; padding: clamp(var(--space-5), 12vh, 8rem)
  var(--space-4) var(--space-5); }
.masthead { margin-bottom: var(--space-5); overflow-wrap: anywhere; text-wrap: balance; }
.masthead p.owner { min-height: 0; margin: 0 0 var(--space-1); }
form { display: grid; gap: var(--space-3); padding: var(--space-4); border: 1px solid var(--line);
  border-radius: var(--corner); background: var(--surface); }
form p { margin: 0; }
label { color: var(--ink-soft); font-size: var(--text-small); }
input { box-sizing: border-box; width: 100%; padding: 10px 12px; border: 1px solid var(--line-strong);
  border-radius: var(--corner); background: var(--surface); color: var(--ink); font: inherit; }
button { justify-self: start; padding: 10px 22px; border: 0; border-radius: var(--corner);
  background: var(--accent); color: var(--on-accent); font: inherit; font-weight: 600; cursor: pointer; }
button:hover { background: var(--accent-strong); }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
.problem { padding-left: var(--space-3); border-left: 3px solid var(--accent); }
.problem:empty { display: none; }
"""

SCRIPT = """
(async () => {
  const form = document.forms[0];
  const code = new URLSearchParams(location.hash.slice(1)).get("code");
  let isKnown;
  if (code) {
    history.replaceState(null, "", location.pathname + location.search);
    const headers = { "content-type": "application/json" };
    isKnown = (await fetch(form.action, { method: "POST", headers, body: JSON.stringify({ code }) })).ok;
  } else {
    // Where another site's link leads here, the browser holds the session back. What this page asks brings it.
    isKnown = (await fetch(form.action)).status === 204;
  }
  if (!isKnown || Date.now() - Number(sessionStorage.reopened ?? 0) < 10000) return;
  sessionStorage.reopened = Date.now();  // once: should the session be held back again, the form stands here
  location.replace(form.dataset.page + form.elements.to.value);
})();
"""
"""A one-time code in the address is exchanged, and whoever has a session already goes on."""

TEMPLATE = (
    '<!doctype html><html lang="{language}"><head><meta charset="utf-8">'
    '<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="robots" content="noindex">'
    # Under the page's own policy, no-referrer, browsers do not say which page sends a form.
    '<meta name="referrer" content="same-origin"><meta name="color-scheme" content="light dark">'
    '<link rel="icon" href="data:,"><title>{say.page_title}</title><style>{style}</style></head><body><main>'
    '<div class="masthead"><p class="owner">{say.page_owner}</p><h1>{say.page_title}</h1></div>'
    '<form method="post" action="{root_path}/session" data-page="{root_path}"><p>{say.login_intro}</p>'
    '<label for="key">{say.staff_key}</label>'
    '<input id="key" name="key" type="password" maxlength="200" autocomplete="current-password" '
    'aria-describedby="problem" required autofocus><input name="to" type="hidden" value="{to}">'
    '<p class="problem" id="problem" role="alert">{problem}</p>'
    '<button type="submit">{say.staff_log_in}</button></form>'
    "</main><script>{script}</script></body></html>"
)


def login_page(*, language: str, root_path: str, to: str, problem: str = "") -> Html:
    """The page in `language`. It leads to `to`, an address under `root_path`; `problem` is the key of what went
    wrong the last time."""
    return fill(
        TEMPLATE,
        language=language,
        style=Html(early_style() + STYLE),
        root_path=root_path,
        to=to,
        problem=say(problem, language) if problem else "",
        script=Html(SCRIPT),
    )
