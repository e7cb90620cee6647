// Runs before the first paint, so that a chosen theme does not flash. "auto" follows the system.
(() => {
  const root = document.documentElement;
  const apply = (theme) => {
    if (theme === "light" || theme === "dark") root.dataset.theme = theme;
    else delete root.dataset.theme;
    root.dispatchEvent(new CustomEvent("themechange"));
  };
  const kept = localStorage.getItem("theme") ?? "auto";
  apply(kept);
  document.addEventListener("DOMContentLoaded", () => {
    const choice = document.getElementById("theme");
    choice.value = kept;
    choice.addEventListener("change", () => {
      localStorage.setItem("theme", choice.value);
      apply(choice.value);
    });
  });
})();
