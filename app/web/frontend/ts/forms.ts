// Forms go out once, say that they are busy, and lead to what is wrong when they come back.
import { all, hit, one } from "./page";

document.addEventListener("submit", (event) => {
  const form = event.target as HTMLFormElement;
  if (event.defaultPrevented || form.method !== "post" || form.matches("[hx-post]")) return;
  if (form.dataset.sent !== undefined) {
    event.preventDefault();
    return;
  }
  form.dataset.sent = "";
  event.submitter?.setAttribute("aria-busy", "true");
});

/** Back from the next page, or from a download: the form may go out again. */
function free(): void {
  for (const form of all<HTMLFormElement>("form[data-sent]")) delete form.dataset.sent;
  for (const button of all("button[aria-busy]")) button.removeAttribute("aria-busy");
}

window.addEventListener("pageshow", free);
window.addEventListener("focus", free);

// One-time codes are pasted with spaces and dashes.
document.addEventListener("input", (event) => {
  const input = hit<HTMLInputElement>(event, "input[data-digits]");
  if (!input) return;
  const digits = input.value.replace(/\D/g, "").slice(0, Number(input.dataset.digits));
  if (digits !== input.value) input.value = digits;
});

one(".error-summary")?.focus();
