export { PREFLIGHT_HEADERS } from "./cors.ts";
export { FlvOutput, type FlvOutputOptions } from "./flv-output.ts";
export { PlainFileOutput, type PlainFileOutputOptions } from "./plain-file-output.ts";
