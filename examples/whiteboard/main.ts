/* A whiteboard's client: draws a stroke, tells of what others draw for some seconds, and wipes the board if wanted. */
import { NetConnection, NetStatusError, SharedObject, SyncEvent } from "@millrace/client";
import type { RemoteMethods } from "millrace/app";
import type app from "./applications/whiteboard/main.ts";

const [address = "rtmp://localhost/whiteboard/one", command = "draw", seconds = "3600"] = process.argv.slice(2);

const nc = new NetConnection();
const colour = new Promise<string>(resolve => {
	nc.client = { yourColour: resolve };
});
try {
	await nc.connectAsync(address);
	console.log(`I draw in ${await colour}`);
	const board = SharedObject.getRemote("board", nc.uri, true);
	const confirmed = new Promise<void>(resolve => {
		board.addEventListener(SyncEvent.SYNC, ({ changeList }) => {
			for (const { code, name } of changeList) console.log(`${code} ${name ?? ""}`.trim());
			console.log(`strokes on the board: ${Object.keys(board.data).length}`);
			if (changeList.some(({ code }) => code === "success")) resolve();
		});
	});
	await board.connectAsync(nc);
	const points = Array.from({ length: 8 }, () => Math.round(Math.random() * 500));
	board.setProperty(`${Date.now()}`, { colour: await colour, points });
	await confirmed;
	if (command === "wipe") {
		const isSafe = await nc.remote<RemoteMethods<typeof app>>().wipe();
		console.log(`wiped, and written: ${isSafe}`);
	} else await new Promise(resolve => setTimeout(resolve, Number(seconds) * 1000));
} catch (error) {
	if (!(error instanceof NetStatusError)) throw error;
	console.error(error.message);
	process.exitCode = 1;
} finally {
	nc.close();
}
