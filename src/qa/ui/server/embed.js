// Puts the page into another site, where its script line stands:
// <script src="https://HOST/embed.js" data-language="ja" data-city="Surabaya" async></script>
(() => {
  const script = document.currentScript;
  if (!script) return;
  const TITLES = {};
  const { language, city, title, height } = script.dataset;
  const address = new URL("./", script.src);
  address.searchParams.set("embed", "1");
  if (language) address.searchParams.set("lang", language);
  if (city) address.searchParams.set("city", city);
  // A site that does not say that it has dark colours has none, whatever the visitor prefers.
  const schemes = getComputedStyle(document.documentElement).colorScheme;
  if (!schemes.includes("dark")) address.searchParams.set("__theme", "light");
  else if (!schemes.includes("light")) address.searchParams.set("__theme", "dark");
  const frame = document.createElement("iframe");
  // Before the address: a frame that is not lazy from the start is loaded at once.
  frame.loading = "lazy";
  frame.allow = "clipboard-write";
  frame.referrerPolicy = "no-referrer";
  const known = [language, document.documentElement.lang].find((code) => TITLES[code]);
  frame.title = title || TITLES[known ?? "en"];
  Object.assign(frame.style, {
    display: "block", boxSizing: "border-box", width: "100%", maxWidth: "100%",
    height: "max(30rem, min(48rem, 90vh))", border: "1px solid rgba(128, 128, 128, 0.4)", borderRadius: "8px",
  });
  if (height) frame.style.height = height;
  frame.src = address.href;
  script.after(frame);
})();
