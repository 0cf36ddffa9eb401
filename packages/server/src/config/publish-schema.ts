import { z } from "zod";
import { section } from "./section.ts";
import { duration } from "./unit.ts";

/** What a key may consist of: characters that stand in a URL's query as they are, in every encoder's form field. */
const KEY_PATTERN = /^[A-Za-z0-9._~-]{8,128}$/;

/** Who may publish, and what happens when a publisher drops or a second one comes. */
export const publishSchema = section(
	"Who may publish, and what happens when a publisher drops or a second one comes.",
	{
		from: z
			.enum(["loopback", "anywhere", "nowhere"])
			.default("loopback")
			.describe(
				"Who may publish without the key: programs on this machine (`loopback`), everyone (`anywhere`), or no one (`nowhere`). Behind a proxy on the same machine every client looks local, so choose `nowhere` there.",
			),
		key: z
			.string()
			.regex(KEY_PATTERN, {
				error: "must be 8 to 128 letters, digits or any of . _ ~ - so that it fits into an address",
			})
			.nullable()
			.default(null)
			.describe(
				"The key that others add to the stream's name, `name?key=…`. With `null` one is made at the first start and kept in the file `publish-key` of `dataDir`.",
			),
		duplicate: z
			.enum(["takeover", "refuse"])
			.default("takeover")
			.describe(
				"What a second publisher of the same name meets: it takes the name over and the first is closed (`takeover`; an encoder that lost its connection is back at once), or it is refused (`refuse`).",
			),
		graceMillis: duration(0, 600_000)
			.prefault("5s")
			.describe("How long viewers wait for a publisher that dropped, before the stream ends for them."),
		idleTimeoutMillis: duration(1000, 3_600_000)
			.prefault("30s")
			.describe("A publisher that sends no media for this long is closed."),
	},
);
