// <x-copy>: copies the text of its [data-copied]; a list is copied one item a line.
import { all, one, say } from "./page";

class Copy extends HTMLElement {
  connectedCallback(): void {
    const button = one<HTMLButtonElement>("button:not([data-print])", this);
    button?.addEventListener("click", () => void this.#copy(button));
  }

  async #copy(button: HTMLButtonElement): Promise<void> {
    const source = one("[data-copied]", this);
    const items = source ? all("li", source) : [];
    const text = items.length ? items.map((item) => item.textContent).join("\n") : (source?.textContent ?? "");
    const words = one("span", button);
    try {
      await navigator.clipboard.writeText(text);
      if (words) words.textContent = "Copied";
      say("Copied");
    } catch {
      if (source) getSelection()?.selectAllChildren(source);
      say("Selected. Copy it with the keyboard.");
    }
  }
}

customElements.define("x-copy", Copy);
