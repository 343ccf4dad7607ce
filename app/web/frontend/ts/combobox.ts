// <x-combobox>: a select with type-ahead, after the ARIA pattern "editable combobox with list autocomplete". The select
// stays, hidden, and is what the form sends.
import { all, one, say } from "./page";

class Combobox extends HTMLElement {
  #select!: HTMLSelectElement;
  #input!: HTMLInputElement;
  #list!: HTMLElement;

  connectedCallback(): void {
    const select = one<HTMLSelectElement>("select", this);
    if (!select || this.#input) return;
    this.#select = select;
    this.#input = this.#box(select);
    this.#list = document.createElement("div");
    this.#list.className = "combobox-list";
    this.#list.id = `${this.#input.id}-list`;
    this.#list.setAttribute("role", "listbox");
    this.#list.setAttribute("aria-label", select.labels[0]?.textContent ?? "");
    this.#list.hidden = true;
    select.hidden = true;
    select.removeAttribute("id");
    select.before(this.#input);
    this.append(this.#list);
    this.#input.addEventListener("input", () => this.#open(this.#input.value));
    this.#input.addEventListener("click", () => {
      this.#input.select();
      this.#open("");
    });
    this.#input.addEventListener("keydown", (event) => this.#key(event));
    this.#input.addEventListener("blur", () => this.#close());
    this.#list.addEventListener("mousedown", (event) => event.preventDefault());
    this.#list.addEventListener("click", (event) => this.#choose((event.target as Element).closest("[data-index]")));
  }

  #box(select: HTMLSelectElement): HTMLInputElement {
    const input = document.createElement("input");
    Object.assign(input, { id: select.id, className: select.className, type: "text", autocomplete: "off", value: this.#words });
    input.setAttribute("role", "combobox");
    input.setAttribute("aria-autocomplete", "list");
    input.setAttribute("aria-expanded", "false");
    input.setAttribute("aria-controls", `${select.id}-list`);
    for (const name of ["aria-describedby", "aria-invalid"]) {
      const value = select.getAttribute(name);
      if (value !== null) input.setAttribute(name, value);
    }
    return input;
  }

  get #words(): string {
    return this.#select.selectedOptions[0]?.text ?? "";
  }

  get #shown(): HTMLElement[] {
    return all("[data-index]", this.#list);
  }

  #open(term: string): void {
    const wanted = term.trim().toLocaleLowerCase();
    const found = [...this.#select.options].filter((option) => option.text.toLocaleLowerCase().includes(wanted));
    this.#list.replaceChildren(...found.map((option) => this.#option(option)));
    if (!found.length) this.#list.append(this.#nothing());
    this.#list.hidden = false;
    this.#input.setAttribute("aria-expanded", "true");
    this.#mark(this.#shown.findIndex((option) => option.getAttribute("aria-selected") === "true"));
    say(`${found.length} options`);
  }

  #nothing(): HTMLElement {
    const shown = document.createElement("div");
    shown.className = "none";
    shown.setAttribute("role", "option");
    shown.setAttribute("aria-disabled", "true");
    shown.setAttribute("aria-selected", "false");
    shown.textContent = "Nothing matches";
    return shown;
  }

  #option(option: HTMLOptionElement): HTMLElement {
    const shown = document.createElement("div");
    shown.id = `${this.#input.id}-option-${option.index}`;
    shown.setAttribute("role", "option");
    shown.setAttribute("aria-selected", String(option.selected));
    shown.dataset.index = String(option.index);
    shown.textContent = option.text;
    return shown;
  }

  #mark(at: number): void {
    const shown = this.#shown;
    for (const option of shown) option.removeAttribute("data-active");
    const option = shown[Math.min(Math.max(at, 0), shown.length - 1)];
    if (!option) {
      this.#input.removeAttribute("aria-activedescendant");
      return;
    }
    option.setAttribute("data-active", "");
    option.scrollIntoView({ block: "nearest" });
    this.#input.setAttribute("aria-activedescendant", option.id);
  }

  #key(event: KeyboardEvent): void {
    const open = !this.#list.hidden;
    const at = this.#shown.findIndex((option) => option.hasAttribute("data-active"));
    if (event.key === "ArrowDown") open ? this.#mark(at + 1) : this.#open("");
    else if (event.key === "ArrowUp") open ? this.#mark(at - 1) : this.#open("");
    else if (event.key === "Enter" && open) this.#choose(this.#shown[at] ?? null);
    else if (event.key === "Escape" && open) this.#close();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  #choose(option: Element | null): void {
    if (option instanceof HTMLElement) {
      this.#select.selectedIndex = Number(option.dataset.index);
      this.#select.dispatchEvent(new Event("change", { bubbles: true }));
    }
    this.#close();
  }

  #close(): void {
    this.#list.hidden = true;
    this.#input.value = this.#words;
    this.#input.setAttribute("aria-expanded", "false");
    this.#input.removeAttribute("aria-activedescendant");
  }
}

customElements.define("x-combobox", Combobox);
