// node build.mjs <directory> <names as JSON>: bundle the scripts and styles, draw the sprite of those names that are
// icons, and write manifest.json, which maps plain names to names that change with their content.
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { build } from "esbuild";

const directory = process.argv[2];
const files = {};

function put(name, body) {
  const hash = createHash("sha256").update(body).digest("hex").slice(0, 12);
  files[name] = name.replace(/(\.\w+)$/, `-${hash}$1`);
  writeFileSync(path.join(directory, files[name]), body);
}

const source = (icon) => `node_modules/lucide-static/icons/${icon}.svg`;
const icons = JSON.parse(process.argv[3]).filter((icon) => existsSync(source(icon)));

function symbol(icon) {
  const svg = readFileSync(source(icon), "utf8");
  const shapes = svg.replace(/<!--[\s\S]*?-->/g, "").replace(/<\/?svg[\s\S]*?>/g, "").replace(/\s+/g, " ").trim();
  return `<symbol id="${icon}" viewBox="0 0 24 24">${shapes}</symbol>`;
}

put("inter.woff2", readFileSync("node_modules/@fontsource-variable/inter/files/inter-latin-wght-normal.woff2"));
put("favicon.svg", readFileSync("favicon.svg"));
put("icons.svg", `<svg xmlns="http://www.w3.org/2000/svg">${icons.map(symbol).join("")}</svg>`);

const styles = await build({
  entryPoints: ["css/app.css"],
  bundle: true,
  minify: true,
  write: false,
  external: ["*.woff2"],
  target: ["chrome125", "firefox128", "safari18"],
  supported: { nesting: true },
});
put("app.css", styles.outputFiles[0].text.replace("./inter.woff2", `./${files["inter.woff2"]}`));

const scripts = await build({
  entryPoints: ["ts/main.ts"],
  bundle: true,
  minify: true,
  write: false,
  format: "esm",
  target: "es2022",
  legalComments: "none",
});
put("main.js", scripts.outputFiles[0].text);

const manifest = { files, all: Object.values(files), icons };
writeFileSync(path.join(directory, "manifest.json"), JSON.stringify(manifest, null, 1));
