// Runs once when the page has loaded. Opens the evidence of a citation mark and fetches whole documents.
() => {
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const behavior = calm ? "auto" : "smooth";

  const goTo = (target) => {
    document.querySelectorAll(".is-found").forEach((element) => element.classList.remove("is-found"));
    target.classList.add("is-found");
    target.scrollIntoView({ behavior, block: "center" });
    target.focus({ preventScroll: true });
  };

  // Only the evidence of one answer is shown at a time: that of the mark that was followed.
  const showPanel = (card) => {
    const panel = card.closest(".evidence");
    panel.parentElement.querySelectorAll(".evidence").forEach((other) => { other.hidden = other !== panel; });
    panel.parentElement.querySelectorAll(".empty").forEach((note) => { note.hidden = true; });
  };

  document.addEventListener("click", (event) => {
    const link = event.target.closest("a.mark, a.back");
    if (!link) return;
    const target = document.getElementById(link.getAttribute("href").slice(1));
    if (!target) return;
    event.preventDefault();
    if (link.classList.contains("mark")) showPanel(target);
    goTo(target);
  });

  // "toggle" does not bubble, so it is caught on its way down.
  document.addEventListener("toggle", async (event) => {
    const whole = event.target;
    if (!whole.matches?.("details.whole") || !whole.open || whole.dataset.isLoaded) return;
    whole.dataset.isLoaded = "yes";
    const body = whole.querySelector(".whole-body");
    const language = whole.closest("[lang]").lang;
    const { document: id, version, start, end } = whole.dataset;
    // The server has escaped what it sends: rendering.document_html.
    body.innerHTML = await window.openDocument([id, version, Number(start), Number(end), language]);
    const mark = body.querySelector("mark");
    if (mark) mark.scrollIntoView({ behavior, block: "center" });
  }, true);
}
