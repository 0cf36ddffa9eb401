export { FlvOutput, type FlvOutputOptions } from "./flv-output.ts";
