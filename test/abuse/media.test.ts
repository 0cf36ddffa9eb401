import { mediaCases } from "./case/media.ts";
import { section } from "./section.ts";

section("media", mediaCases);
