import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import type { AmfValue } from "../amf/index.ts";
import {
	decodeSharedObjectMessage,
	encodeForSubscribers,
	SHARED_OBJECT_ANSWER_LIMITS,
	SharedObjectProxy,
	sharedObjectType,
} from "./index.ts";
import { Mesh, MeshClient, ordered } from "./test-mesh.ts";

/** An owner, a proxy of it that other clients use, and the bytes under way between them. Nothing moves by itself. */
class ProxyMesh {
	readonly owner: Mesh;
	/** The owner's view of the proxy: its messages are those under way. */
	readonly line: MeshClient;
	readonly proxy: SharedObjectProxy;
	readonly clients: MeshClient[] = [];
	readonly statuses: string[] = [];
	mayWrite = true;

	constructor(
		persistent = false,
		options: ConstructorParameters<typeof Mesh>[1] = {},
		handler: ConstructorParameters<typeof Mesh>[2] = {},
	) {
		this.owner = new Mesh(persistent, options, handler);
		this.line = this.owner.add("proxy", 3);
		this.proxy = new SharedObjectProxy("so", persistent, {
			sendToOwner: message => this.line.up.push(...encodeForSubscribers(message, 3)),
			send: (receivers, message) => {
				for (const { id, encoding } of receivers) {
					const client = this.clients.find(each => each.id === id);
					client?.down.push(...encodeForSubscribers(message, encoding));
				}
			},
			mayWrite: () => this.mayWrite,
			onStatus: code => this.statuses.push(code),
		});
	}

	/** A client of the proxy. */
	add(id: string, encoding: 0 | 3 = 3): MeshClient {
		const client = new MeshClient(id, encoding, this.owner.persistent);
		this.clients.push(client);
		return client;
	}

	carryUp({ id, encoding, up }: MeshClient): boolean {
		const body = up.shift();
		if (body === undefined) return false;
		const message = decodeSharedObjectMessage(sharedObjectType(encoding), body);
		this.proxy.receive(id, encoding, message, body.length);
		return true;
	}

	carryDown(client: MeshClient): boolean {
		return this.owner.carryDown(client);
	}

	/** What the owner said to the proxy. */
	carryFromOwner(): boolean {
		const body = this.line.down.shift();
		if (body === undefined) return false;
		this.proxy.receiveFromOwner(decodeSharedObjectMessage(16, body, SHARED_OBJECT_ANSWER_LIMITS));
		return true;
	}

	/** A client's connection to the proxy ends. */
	leave(client: MeshClient): void {
		client.up.length = 0;
		client.down.length = 0;
		this.proxy.unsubscribe(client.id);
		client.replica.disconnected();
	}

	/** The proxy's connection to the owner ends, with whatever is under way. */
	cut(): void {
		this.line.up.length = 0;
		this.line.down.length = 0;
		this.owner.master.unsubscribe("proxy");
		this.proxy.disconnected();
	}

	/** Everybody connects, and all messages arrive. */
	settle(): void {
		while (this.owner.master.unlock() > 0);
		if (this.proxy.state === "detached") this.proxy.connect();
		const direct = [...this.owner.clients.values()].filter(client => client !== this.line);
		for (const { replica } of [...direct, ...this.clients]) if (replica.state === "detached") replica.connect();
		for (let moves = true; moves; ) {
			moves = false;
			for (const client of direct) {
				client.replica.flush();
				while (this.owner.carryUp(client)) moves = true;
				while (this.carryDown(client)) moves = true;
			}
			for (const client of this.clients) {
				client.replica.flush();
				while (this.carryUp(client)) moves = true;
				while (this.carryDown(client)) moves = true;
			}
			while (this.owner.carryUp(this.line)) moves = true;
			while (this.carryFromOwner()) moves = true;
		}
	}
}

describe("a proxy of a shared object", () => {
	it("hands on what clients want and what became of it, as if they were the owner's", () => {
		const mesh = new ProxyMesh();
		const [near, other, far] = [mesh.add("near", 0), mesh.add("other"), mesh.owner.add("far", 3)];
		mesh.settle();
		expect([near.told, other.told, far.told]).toEqual([["clear"], ["clear"], ["clear"]]);
		near.replica.setProperty("a", 1);
		mesh.settle();
		expect([near.told, other.told, far.told]).toEqual([["success a"], ["change a"], ["change a"]]);
		far.replica.setProperty("b", { x: [2] });
		other.replica.call("hear", "all");
		mesh.settle();
		expect([near.told, other.told]).toEqual([["change b"], ["change b"]]);
		expect([near.calls, other.calls, far.calls]).toEqual([[["hear", "all"]], [["hear", "all"]], [["hear", "all"]]]);
		delete other.replica.data["a"];
		other.replica.setDirty("a");
		mesh.settle();
		expect([near.told, other.told, far.told]).toEqual([["delete a"], ["delete a"], ["success b", "delete a"]]);
		const late = mesh.add("late");
		mesh.settle();
		expect(late.replica.data).toEqual({ b: { x: [2] } });
		expect(late.replica.version).toBe(mesh.owner.master.version);
	});

	it("tells the author alone of a refusal by the owner, and of one by this server", () => {
		const mesh = new ProxyMesh(false, {}, { mayWrite: client => client !== "proxy" });
		const [near, other] = [mesh.add("near"), mesh.add("other")];
		mesh.owner.master.setProperty("a", 1);
		mesh.settle();
		near.replica.setProperty("a", 2);
		mesh.settle();
		expect(near.told.at(-1)).toBe("reject a");
		expect(near.statuses).toEqual(["SharedObject.NoWriteAccess"]);
		expect(near.replica.data).toEqual({ a: 1 });
		expect([other.told.length, other.statuses]).toEqual([1, []]);
		mesh.mayWrite = false;
		other.replica.setProperty("b", 3);
		mesh.settle();
		expect(other.told.at(-1)).toBe("delete b".replace("delete", "reject"));
		expect(mesh.owner.truth).toEqual({ a: 1 });
	});

	it("refuses those who wait where the owner refuses it", () => {
		const mesh = new ProxyMesh(false, {}, { mayRead: client => client !== "proxy" });
		const near = mesh.add("near");
		near.replica.connect();
		mesh.carryUp(near);
		mesh.proxy.connect();
		mesh.owner.carryUp(mesh.line);
		mesh.carryFromOwner();
		mesh.carryDown(near);
		expect([near.statuses, mesh.statuses]).toEqual([["SharedObject.NoReadAccess"], ["SharedObject.NoReadAccess"]]);
		expect(near.replica.state).toBe("detached");
	});

	it("keeps its clients while the owner is away, and asks again for what was not answered", () => {
		const mesh = new ProxyMesh();
		const [near, other, far] = [mesh.add("near"), mesh.add("other"), mesh.owner.add("far", 0)];
		mesh.settle();
		near.replica.setProperty("a", 1);
		near.replica.flush();
		mesh.carryUp(near);
		mesh.cut();
		near.replica.setProperty("b", 2);
		near.replica.call("hear", 3);
		near.replica.flush();
		mesh.carryUp(near);
		far.replica.setProperty("c", 4);
		mesh.settle();
		for (const { replica } of [near, other, far]) expect(ordered(replica.data)).toEqual({ a: 1, b: 2, c: 4 });
		expect(near.replica.unconfirmed.size).toBe(0);
		expect(other.calls).toEqual([["hear", 3]]);
	});

	it("understands the events that were seen between servers: a granted change with its value, and versions of slots", () => {
		const mesh = new ProxyMesh();
		const [near, other] = [mesh.add("near"), mesh.add("other")];
		mesh.settle();
		near.replica.setProperty("a", 1);
		near.replica.flush();
		mesh.carryUp(near);
		const { name, flags } = { name: "so", flags: 16 };
		const events = [
			{ kind: "change-echo", name: "a", value: 5 },
			{ kind: "slot-version", name: "a", version: 9 },
		] as const;
		mesh.proxy.receiveFromOwner({ name, flags, version: 9, events });
		mesh.carryDown(near);
		mesh.carryDown(other);
		expect([near.told.at(-1), other.told.at(-1)]).toEqual(["success a", "change a"]);
		expect(other.replica.data).toEqual({ a: 5 });
		// A request to clear goes up as it is.
		mesh.line.up.length = 0;
		mesh.proxy.receive("near", 3, { name, flags: 0, version: 9, events: [{ kind: "request-clear" }] }, 5);
		expect(decodeSharedObjectMessage(16, mesh.line.up[0]!).events).toEqual([{ kind: "request-clear" }]);
	});

	it("closes a client that would let too much wait", () => {
		const mesh = new ProxyMesh();
		const near = mesh.add("near");
		near.replica.connect();
		mesh.carryUp(near);
		const message = {
			name: "so",
			flags: 0,
			version: 0,
			events: [{ kind: "send", handler: "f", args: [] as AmfValue[] }],
		} as const;
		const flood = () => {
			for (let count = 0; count < 100; count++) mesh.proxy.receive("near", 3, message, 1024 * 1024);
		};
		expect(flood).toThrow("too much waits");
	});
});

const KINDS = [
	...["set", "set", "remove", "call", "flush", "flush", "up", "up", "down", "down"],
	...["line up", "line up", "line up", "line down", "line down", "line down"],
	...["connect", "leave", "line connect", "cut", "owner set", "owner remove", "owner clear", "lock", "unlock"],
] as const;

const SLOTS = ["a", "b", "c"];
const steps = fc.array(
	fc.record(
		{
			what: fc.constantFrom(...KINDS),
			client: fc.nat({ max: 3 }),
			slot: fc.nat({ max: SLOTS.length - 1 }),
			value: fc.nat({ max: 100 }),
		},
		{ noNullPrototype: true },
	),
	{ minLength: 40, maxLength: 160, size: "max" },
);

/** One thing happens. The first client is the owner's own, the others are the proxy's. */
function step(mesh: ProxyMesh, what: string, index: number, slot: string, value: number): void {
	const { owner, clients } = mesh;
	const client = index === 0 ? owner.clients.get("direct")! : clients[index - 1]!;
	const { replica } = client;
	const actions: Record<string, () => unknown> = {
		set: () => replica.setProperty(slot, value % 3 === 0 ? [value, { text: slot }] : value),
		remove: () => {
			delete replica.data[slot];
			replica.setDirty(slot);
		},
		call: () => replica.call("f", value),
		flush: () => replica.flush(),
		up: () => (index === 0 ? owner.carryUp(client) : mesh.carryUp(client)),
		down: () => mesh.carryDown(client),
		connect: () => replica.state === "detached" && replica.connect(),
		leave: () => (index === 0 ? owner.disconnect(client) : mesh.leave(client)),
		"line up": () => owner.carryUp(mesh.line),
		"line down": () => mesh.carryFromOwner(),
		"line connect": () => mesh.proxy.state === "detached" && mesh.proxy.connect(),
		cut: () => mesh.cut(),
		"owner set": () => owner.master.setProperty(slot, -value),
		"owner remove": () => owner.master.deleteProperty(slot),
		"owner clear": () => owner.master.clear(),
		lock: () => owner.master.lock(0),
		unlock: () => owner.master.unlock(),
	};
	actions[what]!();
}

describe("clients of a proxy and of its owner", () => {
	test.each([
		["a volatile object", false, {}],
		["a persistent object", true, {}],
		["an object with room for little", true, { quota: { slots: 2, slotBytes: 15, totalBytes: 25 } }],
		["a strict object", false, { strict: true }],
		[
			"a strict object with room for little",
			true,
			{ strict: true, quota: { slots: 2, slotBytes: 15, totalBytes: 25 } },
		],
	])("of %s come to hold the same, whatever was cut, locked or refused", (_name, persistent, options) => {
		fc.assert(
			fc.property(steps, list => {
				const mesh = new ProxyMesh(persistent, options);
				mesh.owner.add("direct", 0);
				for (const [index, encoding] of ([0, 3, 3] as const).entries()) mesh.add(`near${index}`, encoding);
				for (const { what, client, slot, value } of list) step(mesh, what, client, SLOTS[slot]!, value);
				mesh.settle();
				const { truth } = mesh.owner;
				for (const { replica } of [mesh.owner.clients.get("direct")!, ...mesh.clients]) {
					expect(replica.state).toBe("live");
					expect(replica.isDirty).toBe(false);
					expect(ordered(replica.data)).toEqual(truth);
				}
			}),
			{ numRuns: 300 },
		);
	});
});
