import { NET_STATUS } from "@millrace/core/rtmp";

/** What the first two parts of a code stand for, in the order of the page. */
const GROUPS: readonly { readonly prefix: string; readonly title: string; readonly text: string }[] = [
	{
		prefix: "NetConnection.",
		title: "Connections (`NetConnection.…`)",
		text: "In the answer to `connect` and to calls, and in `onStatus` of the connection.",
	},
	{
		prefix: "NetStream.",
		title: "Streams (`NetStream.…`)",
		text: "In `onStatus` of a stream; `details` is the stream's name and `clientid` the connection's.",
	},
	{
		prefix: "SharedObject.",
		title: "Shared objects (`SharedObject.…`)",
		text: "Made by the client: the answer to a `flush` that was pending.",
	},
];

/** The page of every status code. */
export function statusReference(): string {
	const lines = [
		"<!-- Written by `npm run reference` from the table of statuses. Change that, not this page. -->",
		"",
		"# Statuses",
		"",
		"What happens on a connection or a stream is told as an info object with `code`, `level` and `description`. The text here is the description where the sender gives no better one; programs should look at the code alone. Codes of functions that this version does not have are listed too, because other servers send them to our client. What the server sends when is in [RTMP behaviour](rtmp-behaviour.md).",
	];
	for (const { prefix, title, text } of GROUPS) {
		lines.push("", `## ${title}`, "", text, "", "| code | level | text |", "|---|---|---|");
		for (const [code, status] of Object.entries(NET_STATUS)) {
			if (code.startsWith(prefix))
				lines.push(`| \`${code}\` | ${status.level} | ${status.text.replaceAll("|", "\\|")} |`);
		}
	}
	return `${lines.join("\n")}\n`;
}
