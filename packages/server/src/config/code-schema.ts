import { z } from "zod";
import { section } from "./section.ts";
import { duration, size } from "./unit.ts";

/** How the code of applications is run, and what bounds it. */
export const codeSchema = section("How the code of applications is run, and what bounds it.", {
	enabled: z
		.boolean()
		.default(true)
		.describe("Whether the `main.ts`, `main.js` or `main.asc` in an application's folder is run at all."),
	start: z
		.boolean()
		.default(false)
		.describe(
			"Whether an application with code starts with the server, or as soon as its folder is there, and not for its first client. Its default instance then stays without clients, whatever `idleMillis` says, and is started again when it has ended.",
		),
	isolation: z
		.enum(["process", "thread", "none"])
		.default("process")
		.describe(
			"Where it runs: in a process of its own that can reach its own folder alone (`process`), in a thread of the server (`thread`), or in the server itself (`none`). The latter two are for code that is trusted as the server is.",
		),
	network: z
		.boolean()
		.default(true)
		.describe("Whether code in a process of its own may use the network. Node before version 25 cannot refuse it."),
	memory: size(32 * 1024 ** 2, 64 * 1024 ** 3)
		.prefault("128MiB")
		.describe(
			"The JavaScript heap of one application. Past it, or with 192 MiB more in buffers and the like, it is ended and started again.",
		),
	turnMillis: duration(100, 3_600_000)
		.prefault("10s")
		.describe("An application that keeps its event loop from turning for this long is ended and started again."),
	startMillis: duration(100, 3_600_000).prefault("20s").describe("Its code must be loaded in this time."),
	queueBytes: size(64 * 1024, 1024 ** 3)
		.prefault("16MiB")
		.describe("Events that may wait for an application. With more it is ended and started again."),
	frameBytes: size(64 * 1024, 1024 ** 3)
		.prefault("16MiB")
		.describe("The most that an application may send in one turn; a single value may have 4 MiB."),
	idleMillis: duration(0, 7 * 86_400_000)
		.prefault("20m")
		.describe("How long an instance of an application with code stays after its last client has left."),
	reload: z
		.boolean()
		.default(true)
		.describe(
			"Whether an application starts anew when its code changes; its clients get `NetConnection.Connect.AppShutdown`. Code that cannot be loaded is not taken.",
		),
	maxClients: z
		.number()
		.int()
		.min(1)
		.max(1_000_000)
		.default(100_000)
		.describe("Clients of one instance; more are rejected. It holds for applications without code too."),
	callsPerSecond: z
		.number()
		.int()
		.min(1)
		.max(1_000_000)
		.default(1000)
		.describe(
			"Calls that one client may make in a second, on average over ten; more fail with `NetConnection.Call.Failed`.",
		),
});
