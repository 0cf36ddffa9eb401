import { z } from "zod";
import { section } from "./section.ts";

/** What is answered over HTTP. */
export const httpSchema = section("Pages, FLV and WebSocket.", {
	cors: z
		.array(z.string().min(1))
		.default(["*"])
		.describe(
			"Web origins (`https://example.org`) whose pages may play streams from here; `*` stands for all, an empty list for none but the server's own.",
		),
	crossDomainFile: z
		.string()
		.min(1)
		.nullable()
		.default(null)
		.describe(
			"A file that is sent as `/crossdomain.xml`, which Flash Player asks for. With `null` a policy is made that allows what `cors` allows.",
		),
	webroot: z
		.string()
		.min(1)
		.nullable()
		.default(null)
		.describe("A folder of files that answer whatever the server itself does not, `/` included."),
	upstream: z
		.string()
		.regex(/^https?:\/\/[^\s/]/, { error: "must be an address such as http://127.0.0.1:8000" })
		.nullable()
		.default(null)
		.describe("Another web server that answers whatever this one does not, `/` included. Not together with `webroot`."),
});
