import { handshakeCases } from "./case/handshake.ts";
import { section } from "./section.ts";

section("handshake and accept", handshakeCases);
