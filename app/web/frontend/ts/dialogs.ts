// Confirm dialogs are popovers without scripts; with them they are modal.
import { hit } from "./page";

document.addEventListener("click", (event) => {
  const button = hit<HTMLButtonElement>(event, "button[popovertarget]");
  const dialog = button?.popoverTargetElement;
  if (!button || !(dialog instanceof HTMLDialogElement)) return;
  event.preventDefault();
  if (button.popoverTargetAction === "hide") dialog.close();
  else dialog.showModal();
});

// A click on the backdrop closes, also where closedby is unknown.
document.addEventListener("click", (event) => {
  if (event.target instanceof HTMLDialogElement && event.target.open) {
    const box = event.target.getBoundingClientRect();
    const inside = event.clientX >= box.left && event.clientX <= box.right && event.clientY >= box.top && event.clientY <= box.bottom;
    if (!inside && event.detail > 0) event.target.close();
  }
});
