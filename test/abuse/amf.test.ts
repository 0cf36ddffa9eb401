import { amfCases } from "./case/amf.ts";
import { section } from "./section.ts";

section("AMF", amfCases);
