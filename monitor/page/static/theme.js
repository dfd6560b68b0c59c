// Runs before the first paint, so that the page never flashes in the other theme. "auto" follows the system.
(() => {
  let wish = null;
  try { wish = localStorage.getItem("theme"); } catch { /* storage may be switched off: the system decides */ }
  if (wish === "dark" || wish === "light") document.documentElement.dataset.theme = wish;
})();
