/* A chat in the terminal: says what is typed; `/to NAME TEXT` whispers, and the end of the input (Ctrl+D) leaves. */
import { createInterface } from "node:readline";
import { NetConnection, NetStatusError, SharedObject, SyncEvent } from "@millrace/client";
import type { RemoteMethods } from "millrace/app";
import type app from "./applications/chat/main.ts";
import type { Line } from "./applications/chat/main.ts";

const [address = "rtmp://localhost/chat/lobby", name = "", ...words] = process.argv.slice(2);
const show = ({ from, text }: Line) => console.log(`${from}: ${text}`);

const nc = new NetConnection();
nc.client = {
	history: (lines: Line[]) => lines.forEach(show),
	said: show,
	whispered(line: Line) {
		console.log(`${line.from} whispers: ${line.text}`);
		return true;
	},
};
const room = nc.remote<RemoteMethods<typeof app>>();

try {
	await nc.connectAsync(address, name);
	const users = SharedObject.getRemote("users", nc.uri);
	users.addEventListener(SyncEvent.SYNC, () => console.log(`here are: ${Object.keys(users.data).join(", ")}`));
	await users.connectAsync(nc);
	if (words.length > 0) await say(words.join(" "));
	else for await (const line of createInterface({ input: process.stdin })) await say(line);
} catch (error) {
	if (!(error instanceof NetStatusError)) throw error;
	console.error(error.info.description);
	process.exitCode = 1;
} finally {
	nc.close();
}

async function say(line: string): Promise<void> {
	const [, to, text] = /^\/to (\S+) (.+)$/.exec(line) ?? [];
	try {
		if (to === undefined || text === undefined) await room.say(line);
		else if (!(await room.whisper(to, text))) console.log(`${to} did not hear it.`);
	} catch (error) {
		// The room did not like it; a connection that has ended ends the program.
		if (!nc.connected || !(error instanceof NetStatusError)) throw error;
		console.log(error.info.description);
	}
}
