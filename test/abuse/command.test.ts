import { commandCases } from "./case/command.ts";
import { section } from "./section.ts";

section("commands", commandCases);
