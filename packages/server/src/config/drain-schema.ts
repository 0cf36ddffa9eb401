import { z } from "zod";
import { section } from "./section.ts";
import { duration } from "./unit.ts";

/** How a server is emptied before it stops. */
export const drainSchema = section("How the server is emptied before it stops, on SIGUSR2.", {
	redirect: z
		.string()
		.regex(/^rtmp[a-z]{0,3}:\/\/[^\s/]+/, { error: "must be an address such as rtmp://other.example.org/live" })
		.nullable()
		.default(null)
		.describe("The address that clients are sent to meanwhile; with `null` they are turned away."),
	deadlineMillis: duration(0, 86_400_000)
		.prefault("10m")
		.describe("How long it waits for those that are there, before it stops all the same."),
});
