import { chunkCases } from "./case/chunk.ts";
import { section } from "./section.ts";

section("chunk layer", chunkCases);
