// Holds manifests (JSON, a list) to the schemas of the Kubernetes API, as the package
// kubernetes-models has them from its OpenAPI definitions. A line for each that is wrong.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const require = createRequire(import.meta.url);
const manifests = JSON.parse(readFileSync(0, "utf8"));
let wrong = 0;
for (const manifest of manifests) {
  // kubectl wraps base64 into lines, which Kubernetes reads (as Go's decoder does).
  for (const key of Object.keys(manifest.kind === "Secret" ? manifest.data : {})) {
    manifest.data[key] = manifest.data[key].replaceAll("\n", "");
  }
  try {
    const models = require(`kubernetes-models/${manifest.apiVersion}/${manifest.kind}`);
    new models[manifest.kind](manifest).validate();
  } catch (why) {
    ++wrong;
    console.log(`${manifest.kind} ${manifest.metadata?.name}: ${why.message}`);
  }
}
console.log(`${manifests.length - wrong} of ${manifests.length} as the schema has them`);
process.exit(wrong === 0 && manifests.length > 0 ? 0 : 1);
