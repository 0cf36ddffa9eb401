import { COMMAND_SCENARIOS } from "./server-scenario-command.ts";
import type { Scenario } from "./server-scenario-part.ts";
import { PROGRAM_SCENARIOS } from "./server-scenario-program.ts";

/** What the server's side of a connection is tried with: whole programs, and single commands. */
export const SCENARIOS: readonly Scenario[] = [...PROGRAM_SCENARIOS, ...COMMAND_SCENARIOS];
