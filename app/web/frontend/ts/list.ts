// <x-list>: selection, range selection and row keys. Letters act only while a row has focus (WCAG 2.1.4).
import { all, one, say } from "./page";

class List extends HTMLElement {
  #last: HTMLInputElement | null = null;
  #matching = false;
  #chosen = 0;
  #swapped = (event: Event) => this.#settle(event);

  connectedCallback(): void {
    this.addEventListener("change", this.#change);
    this.addEventListener("click", this.#click);
    this.addEventListener("keydown", this.#key);
    this.addEventListener("focusin", this.#rove);
    document.addEventListener("htmx:after:swap", this.#swapped);
    const asked = new URL(location.href).searchParams.get("peek");
    const row = this.#rows.find((candidate) => candidate.dataset.key === asked);
    if (row) setTimeout(() => this.#peek(row));
  }

  disconnectedCallback(): void {
    document.removeEventListener("htmx:after:swap", this.#swapped);
  }

  get #boxes(): HTMLInputElement[] {
    return all<HTMLInputElement>("tbody input[name=id]", this);
  }

  get #rows(): HTMLElement[] {
    return all("tr[data-key]", this);
  }

  #change = (event: Event): void => {
    const box = event.target as HTMLInputElement;
    if (box.matches("[data-all]")) for (const each of this.#boxes) each.checked = box.checked;
    if (box.matches("[data-all], input[name=id]")) this.#show();
  };

  #click = (event: MouseEvent): void => {
    const target = event.target as Element;
    const row = target.closest<HTMLElement>("tr[data-key]");
    if (target.matches("input[name=id]")) this.#range(target as HTMLInputElement, event.shiftKey);
    else if (target.closest("[data-clear]")) this.#select(() => false);
    else if (target.closest("[data-matching]")) this.#select(() => true, true);
    else if (target.closest(".peek") && row) row.dispatchEvent(new CustomEvent("peek", { bubbles: true }));
    else if (row && !target.closest("a, button, input, label") && !getSelection()?.toString()) this.#peek(row);
  };

  #key = (event: KeyboardEvent): void => {
    const row = event.target as HTMLElement;
    if (!row.matches("tr[data-key]") || event.metaKey || event.ctrlKey || event.altKey) return;
    const actions: Record<string, () => void> = {
      ArrowDown: () => this.#go(row.nextElementSibling),
      j: () => this.#go(row.nextElementSibling),
      ArrowUp: () => this.#go(row.previousElementSibling),
      k: () => this.#go(row.previousElementSibling),
      " ": () => this.#peek(row),
      Enter: () => one("th a", row)?.click(),
      x: () => one<HTMLInputElement>("input[name=id]", row)?.click(),
    };
    const action = actions[event.key];
    if (!action) return;
    event.preventDefault();
    action();
  };

  #rove = (event: FocusEvent): void => {
    const row = event.target as HTMLElement;
    if (row.matches("tr[data-key]")) for (const each of this.#rows) each.tabIndex = each === row ? 0 : -1;
  };

  #go(row: Element | null): void {
    if (!(row instanceof HTMLElement) || !row.dataset.key) return;
    row.focus();
    if (one("#drawer:not([hidden])")) this.#peek(row);
  }

  #peek(row: HTMLElement): void {
    one(".peek", row)?.click();
  }

  #range(box: HTMLInputElement, extend: boolean): void {
    const boxes = this.#boxes;
    if (extend && this.#last) {
      const ends = [boxes.indexOf(this.#last), boxes.indexOf(box)].sort((a, b) => a - b);
      for (const each of boxes.slice(ends[0], ends[1]! + 1)) each.checked = box.checked;
    }
    this.#last = box;
    this.#show();
  }

  #select(chosen: (box: HTMLInputElement) => boolean, matching = false): void {
    for (const box of this.#boxes) box.checked = chosen(box);
    this.#show(matching);
  }

  #show(matching = false): void {
    this.#matching = matching;
    const chosen = this.#boxes.filter((box) => box.checked).length;
    this.#chosen = chosen;
    const count = matching ? Number(this.dataset.total) : chosen;
    const head = one<HTMLInputElement>("[data-all]", this);
    const bar = one<HTMLFormElement>(".bulk", this);
    if (head) {
      head.checked = chosen > 0 && chosen === this.#boxes.length;
      head.indeterminate = chosen > 0 && !head.checked;
    }
    if (!bar) return;
    bar.hidden = chosen === 0;
    this.#ask(bar, count);
    const number = one("[data-count]", bar);
    if (number) number.textContent = count.toLocaleString("en-GB");
    say(chosen ? `${count.toLocaleString("en-GB")} ${this.dataset.noun} selected` : "Selection cleared");
  }

  /** "Select all 420" posts the question and the count that was seen, instead of the ids. */
  #ask(bar: HTMLFormElement, count: number): void {
    for (const old of all("input[data-asked]", bar)) old.remove();
    if (!this.#matching) return;
    const query = one("[data-matching]", bar)?.dataset.matching ?? "";
    for (const [name, value] of [["matching", query], ["count", String(count)]] as const) {
      const input = document.createElement("input");
      Object.assign(input, { type: "hidden", name, value });
      input.dataset.asked = "";
      bar.append(input);
    }
  }

  /** After the list changed: nothing stays selected, and the new size is said. */
  #settle(event: Event): void {
    const target = (event as CustomEvent<{ ctx: { target: Element | null } }>).detail.ctx.target;
    if (target !== this && target?.id !== this.id) return;
    const had = this.#chosen > 0;
    this.#last = null;
    if (had) this.#select(() => false);
    say(`${this.dataset.say}${had ? ". Selection cleared" : ""}`);
  }
}

customElements.define("x-list", List);
