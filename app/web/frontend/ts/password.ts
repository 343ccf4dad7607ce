// <x-password>: shows what is typed, and hides it again before the form goes out.
import { one, say } from "./page";

class Password extends HTMLElement {
  connectedCallback(): void {
    const button = one<HTMLButtonElement>("button", this);
    const input = one<HTMLInputElement>("input", this);
    if (!button || !input) return;
    const show = (on: boolean): void => {
      input.type = on ? "text" : "password";
      button.setAttribute("aria-pressed", String(on));
      button.firstChild!.textContent = on ? "Hide" : "Show";
    };
    button.addEventListener("click", () => {
      show(input.type === "password");
      say(input.type === "text" ? "The password is shown" : "The password is hidden");
    });
    input.form?.addEventListener("submit", () => show(false));
  }
}

customElements.define("x-password", Password);
