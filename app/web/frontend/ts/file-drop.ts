// <x-file>: the whole box is the file input, so dropping works by itself; this names what was chosen.
import { one } from "./page";

function size(bytes: number): string {
  return bytes < 1_000_000 ? `${Math.ceil(bytes / 1000)} kB` : `${(bytes / 1_000_000).toFixed(1)} MB`;
}

class FileDrop extends HTMLElement {
  connectedCallback(): void {
    const input = one<HTMLInputElement>("input[type=file]", this);
    const words = one("[data-chosen]", this);
    if (!input || !words) return;
    const asked = words.textContent;
    input.addEventListener("change", () => {
      const chosen = [...(input.files ?? [])].map((file) => `${file.name}, ${size(file.size)}`);
      words.textContent = chosen.join("; ") || asked;
    });
    for (const event of ["dragenter", "dragover"]) this.addEventListener(event, () => this.setAttribute("data-over", ""));
    for (const event of ["dragleave", "drop"]) this.addEventListener(event, () => this.removeAttribute("data-over"));
  }
}

customElements.define("x-file", FileDrop);
