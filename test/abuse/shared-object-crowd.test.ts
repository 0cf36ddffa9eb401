import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { NetConnection, SharedObject } from "@millrace/client";
import { ServerProcess } from "@millrace/testkit";
import { afterAll, beforeAll, expect, it } from "vitest";
import { sleep } from "./abuse-server.ts";

/**
 * Two hundred clients, of both encodings, change one shared object of an application at the same time. With
 * `MILLRACE_MINUTE=1` they do so for a minute, otherwise for a few seconds.
 */

const CLIENTS = 200;
const LASTS_MILLIS = process.env["MILLRACE_MINUTE"] === "1" ? 60_000 : 8000;
// Ours, and no setting of the server that is started here.
delete process.env["MILLRACE_MINUTE"];
/** Between a client's confirmed change and its next one: everyone's changes go to everyone. */
const PAUSE_MILLIS = 1000;
/** Slots of each client, changed in turn; and every so many changes one that all of them set. */
const OWN_SLOTS = 4;
const CONTESTED_EVERY = 5;
const WAIT_MILLIS = 60_000;

const APPLICATION = `
import { defineApplication } from "millrace/app";
export default defineApplication({
	methods: {
		truth(client) {
			const board = client.app.sharedObjects.get("board");
			return Object.fromEntries(board.keys.map(key => [key, board.get(key)]));
		},
	},
});
`;

let folder: string;
let server: ServerProcess;

beforeAll(async () => {
	folder = mkdtempSync(join(tmpdir(), "millrace-crowd-"));
	mkdirSync(join(folder, "applications/crowd"), { recursive: true });
	writeFileSync(join(folder, "applications/crowd/main.ts"), APPLICATION);
	server = await ServerProcess.start({ args: ["--set", `media.applications=${join(folder, "applications")}`] });
});

afterAll(async () => {
	await server?.stop();
	rmSync(folder, { recursive: true, force: true });
});

/** A client that changes the object, and counts what it is told of the changes of others. */
class Member {
	readonly connection = new NetConnection();
	readonly #number: number;
	#object!: SharedObject;
	/** Its changes that were confirmed, and how many of others it has seen. */
	confirmed = 0;
	seen = 0;
	/** Values of the slot that all of them set: those of its own that were confirmed. */
	readonly contested: string[] = [];
	rejected = 0;
	#onAnswer: ((isConfirmed: boolean) => void) | undefined;

	constructor(number: number) {
		this.#number = number;
		this.connection.objectEncoding = number % 2 === 0 ? 0 : 3;
	}

	get data(): Readonly<Record<string, unknown>> {
		return this.#object.data;
	}

	async join(): Promise<void> {
		await this.connection.connectAsync(server.rtmpUrl("crowd"));
		const place = { folder: join(folder, `client-${this.#number}`) };
		this.#object = SharedObject.getRemote("board", this.connection.uri, false, false, place);
		this.#object.onSync = list => {
			for (const { code, name } of list) {
				if (code === "change" && name !== "contested") this.seen++;
				else if (code === "success" || code === "reject") this.#onAnswer?.(code === "success");
			}
		};
		await this.#object.connectAsync(this.connection);
	}

	/** Changes it again and again until the time is over. Resolves when its last change has been answered. */
	async work(until: number): Promise<void> {
		await sleep((this.#number * PAUSE_MILLIS) / CLIENTS);
		for (let count = 1; Date.now() < until; count++) {
			if (!(await this.#set(`${this.#number}/${count % OWN_SLOTS}`, count)))
				throw new Error("a change of its own slot");
			this.confirmed++;
			if (count % CONTESTED_EVERY === 0) {
				const value = `${this.#number} at ${count}`;
				if (await this.#set("contested", value)) this.contested.push(value);
				else this.rejected++;
			}
			await sleep(PAUSE_MILLIS);
		}
	}

	#set(name: string, value: string | number): Promise<boolean> {
		return new Promise((resolve, reject) => {
			const timer = setTimeout(() => reject(new Error(`no answer to a change of ${name}`)), WAIT_MILLIS);
			this.#onAnswer = isConfirmed => {
				clearTimeout(timer);
				resolve(isConfirmed);
			};
			this.#object.setProperty(name, value);
		});
	}

	/** What must be in its slots in the end: the newest of its confirmed changes to each. */
	get expected(): [slot: string, value: number][] {
		const first = Math.max(1, this.confirmed - OWN_SLOTS + 1);
		return Array.from({ length: this.confirmed - first + 1 }, (_, index) => {
			const count = first + index;
			return [`${this.#number}/${count % OWN_SLOTS}`, count];
		});
	}
}

it("200 clients change one object: no confirmed change is lost, everyone is told of each, and all end with the same", {
	timeout: LASTS_MILLIS + 4 * WAIT_MILLIS,
}, async () => {
	const members = Array.from({ length: CLIENTS }, (_, index) => new Member(index));
	await Promise.all(members.map(member => member.join()));
	const begun = Date.now();
	await Promise.all(members.map(member => member.work(begun + LASTS_MILLIS)));
	const seconds = (Date.now() - begun) / 1000;

	const confirmed = members.reduce((sum, member) => sum + member.confirmed, 0);
	const others = (member: Member) => confirmed - member.confirmed;
	await expect
		.poll(() => members.filter(member => member.seen < others(member)).length, { timeout: WAIT_MILLIS })
		.toBe(0);
	const truth = (await members[0]!.connection.callAsync("truth")) as Record<string, unknown>;
	const contested = members.flatMap(member => member.contested);
	const rejected = members.reduce((sum, member) => sum + member.rejected, 0);
	console.log(
		`${CLIENTS} clients, ${seconds.toFixed(1)} s: ${confirmed} changes of own slots and ${contested.length} of a common one confirmed, ` +
			`${rejected} rejected, ${confirmed * (CLIENTS - 1)} told, ${((confirmed * CLIENTS) / seconds).toFixed(0)} a second`,
	);

	const { contested: last, ...own } = truth;
	expect(contested).toContain(last);
	expect(own).toEqual(Object.fromEntries(members.flatMap(member => member.expected)));
	for (const member of members) expect(member.seen, "each change is told once").toBe(others(member));
	const wanted = JSON.stringify(sorted(truth));
	const differing = () => members.filter(({ data }) => JSON.stringify(sorted(data)) !== wanted).length;
	// Changes of the common slot have all been answered, but may still be on their way to others.
	await expect.poll(differing, { timeout: WAIT_MILLIS }).toBe(0);
	for (const { connection } of members) connection.close();
});

function sorted(slots: Readonly<Record<string, unknown>>): [string, unknown][] {
	return Object.entries(slots).sort(([a], [b]) => (a < b ? -1 : 1));
}
