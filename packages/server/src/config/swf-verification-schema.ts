import { z } from "zod";
import { agentRangeFields } from "./agent-schema.ts";
import { section } from "./section.ts";
import { duration, size } from "./unit.ts";

/** Which SWF files may connect. */
export const swfVerificationSchema = section(
	"Whether clients must prove that a known SWF file opened the connection. It keeps other people's players off, not programs that are made for it.",
	{
		enabled: z
			.boolean()
			.default(false)
			.describe("Whether clients are asked; those without a known file are refused, encoders too unless exempt."),
		folder: z
			.string()
			.min(1)
			.default("./swf")
			.describe(
				"The folder of the SWF files that may connect, compressed or not; those in a folder of it that is named as an instance, to that instance only. Relative to where the server is started.",
			),
		timeoutMillis: duration(100, 600_000).prefault("10s").describe("The proof must come in this time after `connect`."),
		refreshMillis: duration(100, 86_400_000)
			.prefault("10s")
			.describe("How often the folder is looked at for files that are new, changed or gone."),
		fileBytes: size(1024, 1024 ** 3)
			.prefault("64MiB")
			.describe("The largest SWF file that is read, uncompressed."),
		exempt: z
			.array(z.strictObject(agentRangeFields))
			.default([])
			.describe(
				"Clients that are not asked, by what they say they are in `flashVer`: `{ from: FMLE/0.0, to: FMLE/3.5 }` are the common encoders. Anybody can say so.",
			),
	},
);
