import { Socket } from "node:net";
import { netStatus } from "@millrace/core/rtmp";
import { describe, expect, it } from "vitest";
import { resolveOptions } from "./config/index.ts";
import { silentLog } from "./log/index.ts";
import { ServerDoor } from "./server-door.ts";

/** The door of a server with room for two, of whom one address may bring three in a minute. */
class DoorFixture {
	readonly refused: string[] = [];
	now = 0;
	isRunning = true;
	connections = 0;
	waiting = 0;
	readonly door = new ServerDoor({
		options: resolveOptions({
			limits: { connections: 2, connectionsPerAddressPerMinute: 3 },
			addresses: { deny: ["192.0.2.66"] },
			trustedProxies: ["198.51.100.1"],
		}),
		log: { ...silentLog, warn: (_event, fields) => void this.refused.push(`${fields?.["from"]} ${fields?.["text"]}`) },
		now: () => this.now,
		isRunning: () => this.isRunning,
		connectionCount: () => this.connections,
		waitingCount: () => this.waiting,
	});
}

const STOPPING = "The server stops.";
const TOO_MANY = "More than 2 connections.";
const TOO_OFTEN = "More than 3 connections in a minute.";

describe("the door of a server", () => {
	it("counts what comes from an address, but for a proxy's, which speaks for many", () => {
		const { door, refused } = new DoorFixture();
		const admitted = (address: string): boolean[] => [1, 2, 3, 4].map(() => door.admit(address));
		expect(admitted("192.0.2.1")).toEqual([true, true, true, false]);
		expect(admitted("198.51.100.1")).toEqual([true, true, true, true]);
		expect(refused).toEqual([`192.0.2.1 ${TOO_OFTEN}`]);
	});

	it("refuses addresses that are not allowed, by whatever way", () => {
		const { door, refused } = new DoorFixture();
		const direct = new Socket();
		expect(door.admit("192.0.2.66")).toBe(false);
		expect(door.admitWebSocket({ address: "192.0.2.66", secure: false }, direct)).toBe(false);
		expect(refused).toEqual(Array(2).fill("192.0.2.66 The settings do not allow this address."));
		direct.destroy();
	});

	it("takes no connection while as many wait as may be there, and no client while they are", () => {
		const fixture = new DoorFixture();
		const { door, refused } = fixture;
		fixture.waiting = 2;
		expect([door.admit("192.0.2.1"), door.admitClient("192.0.2.1")]).toEqual([false, true]);
		fixture.waiting = 0;
		fixture.connections = 2;
		expect([door.admit("192.0.2.1"), door.admitClient("192.0.2.1"), door.hasRoom]).toEqual([true, false, false]);
		expect(refused).toEqual(Array(2).fill(`192.0.2.1 ${TOO_MANY}`));
		expect(door.tunnelRefusal("192.0.2.1")).toBe(TOO_MANY);
	});

	it("counts clients in a proxy's WebSockets by their own addresses, and others not twice", () => {
		const { door } = new DoorFixture();
		const origin = { address: "192.0.2.1", secure: false };
		const socket = (address: string): Socket =>
			Object.defineProperty(new Socket(), "remoteAddress", { value: address });
		const [direct, proxied] = [socket("192.0.2.1"), socket("198.51.100.1")];
		expect([1, 2, 3, 4].map(() => door.admitWebSocket(origin, direct))).toEqual([true, true, true, true]);
		expect([1, 2, 3, 4].map(() => door.admitWebSocket(origin, proxied))).toEqual([true, true, true, false]);
		expect(door.tunnelRefusal("192.0.2.1")).toBe(TOO_OFTEN);
		for (const each of [direct, proxied]) each.destroy();
	});

	it("lets no viewers in while the server is emptied, and nobody when it stops", () => {
		const fixture = new DoorFixture();
		const { door } = fixture;
		expect([door.hasRoom, door.hasRoomForViewer]).toEqual([true, true]);
		door.rejection = netStatus("NetConnection.Connect.Rejected");
		expect([door.hasRoom, door.hasRoomForViewer]).toEqual([true, false]);
		fixture.isRunning = false;
		expect([door.hasRoom, door.admit("192.0.2.1"), door.tunnelRefusal("192.0.2.1")]).toEqual([false, false, STOPPING]);
	});
});
