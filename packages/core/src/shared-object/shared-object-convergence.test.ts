import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Mesh, type MeshClient, ordered } from "./test-mesh.ts";

const CLIENTS = 4;
const SLOTS = ["a", "b", "c"];

/** One thing that happens to a mesh. */
type Step = {
	readonly what: (typeof KINDS)[number];
	readonly client: number;
	readonly slot: number;
	readonly value: number;
};

const KINDS = [
	"set",
	"set",
	"remove",
	"call",
	"flush",
	"flush",
	"up",
	"up",
	"up",
	"down",
	"down",
	"down",
	"connect",
	"connect",
	"disconnect",
	"server set",
	"server remove",
	"server clear",
	"server call",
	"lock",
	"unlock",
	"purge",
	"save",
	"restart",
] as const;

function run(mesh: Mesh, steps: readonly Step[]): void {
	const clients: MeshClient[] = [];
	for (let index = 0; index < CLIENTS; index++) clients.push(mesh.add(`c${index}`, index % 2 === 0 ? 0 : 3));
	let saved: Uint8Array | undefined;
	for (const { what, client: index, slot, value } of steps) {
		const client = clients[index]!;
		const name = SLOTS[slot]!;
		const { replica } = client;
		switch (what) {
			case "set":
				replica.setProperty(name, value % 3 === 0 ? [value, { text: name }] : value);
				break;
			case "remove":
				delete replica.data[name];
				replica.setDirty(name);
				break;
			case "call":
				replica.call("f", value);
				break;
			case "flush":
				replica.flush();
				break;
			case "up":
				mesh.carryUp(client);
				break;
			case "down":
				mesh.carryDown(client);
				break;
			case "connect":
				if (replica.state === "detached") replica.connect();
				break;
			case "disconnect":
				mesh.disconnect(client);
				break;
			case "server set":
				mesh.master.setProperty(name, -value);
				break;
			case "server remove":
				mesh.master.deleteProperty(name);
				break;
			case "server clear":
				mesh.master.clear();
				break;
			case "server call":
				mesh.master.send("g", value);
				break;
			case "lock":
				mesh.master.lock(0);
				break;
			case "unlock":
				mesh.master.unlock();
				break;
			case "purge":
				mesh.master.purge(mesh.master.version - (value % 5));
				break;
			case "save":
				saved = mesh.save();
				break;
			case "restart":
				mesh.restart(mesh.persistent ? saved : undefined);
				break;
		}
	}
}

const steps = fc.array(
	fc.record(
		{
			what: fc.constantFrom(...KINDS),
			client: fc.nat({ max: CLIENTS - 1 }),
			slot: fc.nat({ max: SLOTS.length - 1 }),
			value: fc.nat({ max: 100 }),
		},
		{ noNullPrototype: true },
	),
	{ minLength: 40, maxLength: 160, size: "max" },
);

describe("replicas of two encodings", () => {
	test.each([
		["a volatile object", false, {}],
		["a persistent object", true, {}],
		["a persistent object of small resync depth", true, { resyncDepth: 3 }],
		["a strict object", false, { strict: true }],
		["a persistent strict object", true, { strict: true }],
		["an object with room for little", true, { quota: { slots: 2, slotBytes: 15, totalBytes: 25 } }],
	])("of %s become equal to it, whatever was lost, locked, refused or forgotten", (_name, persistent, options) => {
		fc.assert(
			fc.property(steps, list => {
				const mesh = new Mesh(persistent, options);
				run(mesh, list);
				mesh.settle();
				const { truth } = mesh;
				for (const { replica } of mesh.clients.values()) {
					expect(replica.state).toBe("live");
					expect(replica.isDirty).toBe(false);
					expect(ordered(replica.data)).toEqual(truth);
				}
			}),
			{ numRuns: 300 },
		);
	});
});
