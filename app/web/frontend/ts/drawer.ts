// The preview beside a list: the row keeps focus, the address names what is shown, closing goes back to the row.
import { all, hit, one } from "./page";

let opener: HTMLElement | null = null;

function address(key: string | null): void {
  const url = new URL(location.href);
  if (key) url.searchParams.set("peek", key);
  else url.searchParams.delete("peek");
  history.replaceState(history.state, "", url);
}

function unmark(): void {
  for (const row of all("[data-peeked]")) row.removeAttribute("data-peeked");
}

export function closeDrawer(): boolean {
  const drawer = one("#drawer");
  if (!drawer || drawer.hidden) return false;
  drawer.hidden = true;
  drawer.replaceChildren();
  unmark();
  address(null);
  opener?.focus();
  return true;
}

document.addEventListener("peek", (event) => {
  opener = event.target as HTMLElement;
  unmark();
  opener.setAttribute("data-peeked", "");
  address(opener.dataset.key ?? null);
});

document.addEventListener("htmx:after:swap", (event) => {
  const target = (event as CustomEvent<{ ctx: { target: Element | null } }>).detail.ctx.target;
  if (target instanceof HTMLElement && target.id === "drawer") {
    target.hidden = false;
    target.scrollTop = 0;
  }
});

document.addEventListener("click", (event) => {
  if (hit(event, "[data-drawer-close]")) closeDrawer();
});
