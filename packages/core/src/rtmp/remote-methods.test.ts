import { expect, it } from "vitest";
import type { AmfValue } from "../amf/index.ts";
import { remoteMethods } from "./remote-methods.ts";

/** What `RemoteMethods` of the server makes of an application's methods. */
type Methods = {
	readonly sum: (a: number, b: number) => Promise<number>;
	readonly chat: { readonly say: (text: string) => Promise<undefined>; readonly call: () => Promise<string> };
};

const calls: [string, readonly AmfValue[]][] = [];
const remote = remoteMethods<Methods>(async (name, args) => {
	calls.push([name, args]);
	return args.length;
});

it("calls methods by their names, inner ones with a slash, with the types of the application", async () => {
	const count: number = await remote.sum(1, 2);
	expect(count).toBe(2);
	await remote.chat.say("hi");
	// What functions have by nature is a name like others.
	await remote.chat.call();
	// @ts-expect-error: there is no such method, as far as the types know
	await remote.nothing();
	// @ts-expect-error: the method takes numbers
	await remote.sum("1", 2);
	expect(calls).toEqual([
		["sum", [1, 2]],
		["chat/say", ["hi"]],
		["chat/call", []],
		["nothing", []],
		["sum", ["1", 2]],
	]);
});

it("can be awaited, and is no method itself", async () => {
	expect(typeof (await remote)).toBe("function");
	expect(() => (remote as unknown as () => void)()).toThrow(TypeError);
});
