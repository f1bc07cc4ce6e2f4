// Node.js imports files by their whole names.
export default { input: "openapi.json", output: { path: "generated", module: { extension: ".js" } } };
