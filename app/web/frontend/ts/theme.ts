// Light, dark, or as the system has it. The cookie is the server's; here the page only follows at once.
import { all, hit } from "./page";

document.addEventListener("submit", (event) => {
  const form = hit<HTMLFormElement>(event, "[data-theme-form]");
  const button = event.submitter;
  if (!form || !(button instanceof HTMLButtonElement)) return;
  event.preventDefault();
  const root = document.documentElement;
  if (button.value === "system") root.removeAttribute("data-theme");
  else root.setAttribute("data-theme", button.value);
  for (const each of all("button", form)) each.setAttribute("aria-pressed", String(each === button));
  void fetch(form.action, { method: "POST", body: new URLSearchParams({ value: button.value }), redirect: "manual" });
});
