// Runs once when the page has loaded. Opens the evidence of a citation mark and fetches whole documents.
() => {
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const behavior = calm ? "auto" : "smooth";

  const asked = new URLSearchParams(location.search);

  // Within another site, which has a header of its own.
  document.body.classList.toggle("is-embedded", asked.has("embed"));

  // Gradio has its description for programs ready only after the second click on its footer, which page.css hides.
  if (asked.get("view") === "api") {
    for (let clicks = 0; clicks < 2; clicks += 1) document.querySelector("footer .show-api")?.click();
  }

  // Where reading wants a key, and the session has ended meanwhile: opened anew, the page asks for it.
  const send = window.fetch;
  window.fetch = async (...sent) => {
    const answer = await send(...sent);
    if (answer.status === 401 && answer.headers.has("www-authenticate")) location.reload();
    return answer;
  };

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

  // A question that was offered goes the way of one that was typed.
  document.addEventListener("click", (event) => {
    const offered = event.target.closest("button.suggestion");
    const box = document.querySelector("#question textarea");
    if (!offered || !box) return;
    box.value = offered.textContent;
    box.dispatchEvent(new Event("input", { bubbles: true }));
    setTimeout(() => document.querySelector("button#ask").click());
  });

  const take = async (text) => {
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      // Without TLS browsers let nobody at the clipboard this way.
      const box = Object.assign(document.createElement("textarea"), { value: text });
      document.body.append(box);
      box.select();
      document.execCommand("copy");
      box.remove();
    }
  };

  document.addEventListener("click", async (event) => {
    const button = event.target.closest("button.copy");
    if (!button) return;
    await take(button.dataset.copy);
    const label = button.textContent;
    button.textContent = button.dataset.done;
    setTimeout(() => { button.textContent = label; }, 2000);
  });

  // A city on the map is chosen as it is beside the question: the boxes there are the one place for it.
  const chooseCity = (city) => {
    const boxes = [...document.querySelectorAll("#cities input[type=checkbox]")];
    const cities = [...document.querySelectorAll("#map a.map-city:not(.is-home)")].map((each) => each.dataset.city);
    boxes[cities.indexOf(city)]?.click();
  };

  document.addEventListener("click", (event) => {
    const city = event.target.closest?.("a.map-city");
    if (!city) return;
    event.preventDefault();
    chooseCity(city.dataset.city);
  });

  document.addEventListener("keydown", (event) => {
    if (event.key !== " " || !event.target.matches?.("a.map-city")) return;
    event.preventDefault();
    chooseCity(event.target.dataset.city);
  });

  // The server keeps one verdict for each answer: the last.
  const rate = async (rating, verdict, reason) => {
    const said = rating.querySelector(".thanks");
    const kept = await window.rateAnswer([window.visitor, Number(rating.dataset.turn), verdict, reason]);
    said.textContent = kept ? rating.dataset.thanks : "";
  };

  document.addEventListener("click", (event) => {
    const button = event.target.closest("button.rate");
    if (!button) return;
    const rating = button.closest(".rating");
    rating.querySelectorAll("button.rate").forEach((each) => each.setAttribute("aria-pressed", each === button));
    const box = rating.querySelector(".reason");
    box.hidden = button.dataset.verdict !== "bad";
    if (!box.hidden) box.focus();
    rate(rating, button.dataset.verdict, "");
  });

  document.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !event.target.matches?.("input.reason")) return;
    event.preventDefault();
    event.target.hidden = true;
    rate(event.target.closest(".rating"), "bad", event.target.value);
  });

  document.addEventListener("click", (event) => {
    if (!event.target.closest("#save")) return;
    const answers = [...document.querySelectorAll("button.copy")].map((each) => `## ${each.dataset.copy}`);
    const file = new Blob([answers.join("\n\n")], { type: "text/markdown" });
    const link = Object.assign(document.createElement("a"), {
      href: URL.createObjectURL(file), download: `${document.title}.md`,
    });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  });

  document.addEventListener("click", async (event) => {
    const button = event.target.closest("button.translate");
    if (!button) return;
    const label = button.textContent;
    const place = button.closest(".translation");
    const language = button.closest("[lang]").lang;
    const { turn, number, waiting } = button.dataset;
    button.disabled = true;
    button.textContent = waiting;
    try {
      // The server has escaped what it sends: rendering.translation_html.
      place.innerHTML = await window.translateQuote([window.visitor, Number(turn), Number(number), language]);
      place.tabIndex = -1;  // the button is gone, and with it where the keyboard was
      place.focus({ preventScroll: true });
    } catch {
      button.disabled = false;
      button.textContent = label;
    }
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
    try {
      body.innerHTML = await window.openDocument([id, version, Number(start), Number(end), language]);
    } catch {  // too many ask from the visitor's network: it is fetched when it is opened again
      delete whole.dataset.isLoaded;
      return;
    }
    const mark = body.querySelector("mark");
    if (mark) mark.scrollIntoView({ behavior, block: "center" });
  }, true);
}
