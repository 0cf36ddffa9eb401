import { UsageError } from "@millrace/core/fault";
import { type Call, netStatus, type ServerConnection } from "@millrace/core/rtmp";
import { describe, expect, it } from "vitest";
import { CallDesk } from "./call-desk.ts";

/** A peer of which the test says what its application claims and what the server knows. */
class CallFixture {
	readonly events: string[] = [];
	readonly claimed = new Set<string>();
	readonly known = new Set<string>();
	unsendable: unknown;
	readonly desk = new CallDesk({
		connection: {
			sendResult: ({ name }: Call, value: unknown) => {
				if (value === this.unsendable) throw new UsageError("AMF_UNENCODABLE", "It cannot be said.");
				this.events.push(`result ${name} ${value}`);
			},
			sendError: ({ name }: Call, { description }: { description?: string }) => {
				this.events.push(`error ${name} ${description}`);
			},
			answerCall: ({ name }: Call) => name === "releaseStream",
		} as unknown as ServerConnection,
		line: {
			answer: ({ name }) => this.known.has(name) && this.events.push(`server ${name}`) > 0,
		},
		handlesCall: name => this.claimed.has(name),
		passCall: (id, { name }) => void this.events.push(`pass ${id} ${name}`),
		flush: () => {},
	});

	call(name: string, transactionId = 2): void {
		this.desk.onCall({ name, transactionId, args: [] });
	}

	take(): string[] {
		return this.events.splice(0);
	}
}

describe("the calls of a client", () => {
	it("go to the application, and each is answered once", () => {
		const fixture = new CallFixture();
		fixture.call("sum");
		fixture.call("say", 0);
		fixture.call("mul");
		expect(fixture.take()).toEqual(["pass 1 sum", "pass 0 say", "pass 2 mul"]);
		fixture.desk.sendResult(2, 6);
		fixture.desk.sendError(1, netStatus("NetConnection.Call.Failed", "No."));
		fixture.desk.sendResult(1, 3);
		fixture.desk.sendError(2, netStatus("NetConnection.Call.Failed", "No."));
		fixture.desk.decline(2);
		expect(fixture.take()).toEqual(["result mul 6", "error sum No."]);
	});

	it("that the server knows are answered by it, unless the application claims them and does not decline", () => {
		const fixture = new CallFixture();
		fixture.known.add("checkBandwidth");
		fixture.call("checkBandwidth");
		for (const name of ["checkBandwidth", "releaseStream", "none"]) {
			fixture.claimed.add(name);
			fixture.call(name, 0);
		}
		expect(fixture.take()).toEqual([
			"server checkBandwidth",
			"pass 1 checkBandwidth",
			"pass 2 releaseStream",
			"pass 3 none",
		]);
		for (const id of [1, 2, 3]) fixture.desk.decline(id);
		expect(fixture.take()).toEqual(["server checkBandwidth", "error none Method not found (none)."]);
	});

	it("fail where the answer cannot be said in the client's encoding", () => {
		const fixture = new CallFixture();
		fixture.unsendable = "unsendable";
		fixture.call("sum");
		fixture.desk.sendResult(1, "unsendable");
		expect(fixture.take()).toEqual(["pass 1 sum", expect.stringMatching(/^error sum .*It cannot be said\./)]);
	});

	it("fail where 1024 of them wait for an answer, until one has it", () => {
		const fixture = new CallFixture();
		for (let i = 0; i < 1025; i++) fixture.call("wait");
		expect(fixture.take().at(-1)).toBe("error wait Too many calls are open.");
		fixture.desk.sendResult(1, 0);
		fixture.call("wait");
		expect(fixture.take()).toEqual(["result wait 0", "pass 1025 wait"]);
	});
});
