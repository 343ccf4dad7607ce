// Each behaviour is a custom element or one delegated listener, so markup that htmx swaps in works without being set up.
import "htmx.org";
import "./combobox";
import "./copy";
import "./dialogs";
import "./drawer";
import "./file-drop";
import "./forms";
import "./keys";
import "./list";
import "./palette";
import "./password";
import "./strips";
import "./swaps";
import "./theme";
