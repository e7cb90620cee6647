// Runs before the first paint, so that a stored theme does not flash. "auto" follows the system.
(() => {
  const root = document.documentElement;
  const apply = (theme) => {
    if (theme === "light" || theme === "dark") root.dataset.theme = theme;
    else delete root.dataset.theme;
    root.dispatchEvent(new CustomEvent("themechange"));
  };
  const stored = localStorage.getItem("theme") ?? "auto";
  apply(stored);
  document.addEventListener("DOMContentLoaded", () => {
    const select = document.querySelector("#theme");
    if (!(select instanceof HTMLSelectElement)) return;
    select.value = stored;
    select.addEventListener("change", () => {
      localStorage.setItem("theme", select.value);
      apply(select.value);
    });
  });
})();
