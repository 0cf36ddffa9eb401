/**
 * A program that changes a persistent shared object, brings each change to the disk, and says so when that is done. It
 * goes on until it is killed.
 */
import { writeSync } from "node:fs";
import { SharedObjectRoom, SharedObjectStore } from "../../packages/server/src/shared-object/index.ts";

const store = new SharedObjectStore(process.argv[2]!, { writeDelayMillis: 3 });
const room = new SharedObjectRoom(
	{
		send: () => undefined,
		onError: (object, error) => {
			throw new Error(object, { cause: error });
		},
	},
	{ store },
);
const counted = room.get("counters/counted", true);
const loose = room.get("loose", true);
let count = Number(counted.getProperty("count") ?? 0);
const say = (line: string) => writeSync(1, `${line}\n`);

say(`loaded ${count}`);
for (;;) {
	count++;
	counted.lock();
	counted.setProperty("count", count);
	counted.setProperty("seven", count * 7);
	counted.setProperty("filler", "x".repeat((count % 50) * 1000));
	counted.unlock();
	// Is written when its time has come, beside the other.
	loose.setProperty("count", count);
	await counted.flush();
	say(`${count}`);
}
