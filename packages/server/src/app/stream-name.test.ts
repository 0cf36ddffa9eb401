import { describe, expect, it } from "vitest";
import { StreamName } from "./stream-name.ts";

const DEFAULT = "_definst_";

const CASES: { parts: [application: string, instance: string, name: string]; path: string; text: string }[] = [
	{ parts: ["live", DEFAULT, "cam"], path: "/live/cam", text: "live/cam" },
	{ parts: ["live", "room", "cam"], path: "/live/@room/cam", text: "live/room/cam" },
	{ parts: ["live", "room/sub", "cam"], path: "/live/@room%2Fsub/cam", text: "live/room/sub/cam" },
	{ parts: ["live", DEFAULT, "a/b c/ü"], path: "/live/a/b%20c/%C3%BC", text: "live/a/b c/ü" },
	{ parts: ["live", DEFAULT, "@cam"], path: "/live/%40cam", text: "live/@cam" },
	{ parts: ["@live", "room", "cam"], path: "/%40live/@room/cam", text: "@live/room/cam" },
	{ parts: ["live", DEFAULT, "50%?#&"], path: "/live/50%25%3F%23%26", text: "live/50%?#&" },
	{ parts: ["live", DEFAULT, "%2e%2e"], path: "/live/%252e%252e", text: "live/%2e%2e" },
];

describe("StreamName", () => {
	for (const { parts, path, text } of CASES) {
		it(`${text} has the path ${path}, which is read back, and so is its key`, () => {
			const name = new StreamName(...parts);
			expect([name.path, String(name)]).toEqual([path, text]);
			expect(StreamName.fromPath(path)).toEqual(name);
			expect(StreamName.fromKey(name.key)).toEqual(name);
		});
	}

	it("reads what people write: slashes too many, an @ that is a name, an instance in percent signs", () => {
		expect(StreamName.fromPath("//live//cam/")).toEqual(new StreamName("live", DEFAULT, "cam"));
		expect(StreamName.fromPath("/live/@cam")).toEqual(new StreamName("live", DEFAULT, "@cam"));
		expect(StreamName.fromPath("/live/%40room/cam")).toEqual(new StreamName("live", "room", "cam"));
	});

	for (const path of ["", "/", "/live", "/live/", "/live/%", "/live/%ff", "/live/@/cam"]) {
		it(`finds no stream in ${JSON.stringify(path)}`, () => expect(StreamName.fromPath(path)).toBeUndefined());
	}

	it("never makes the key of another stream out of line feeds", () => {
		const key = new StreamName("live", "room", "cam").key;
		for (const path of ["/live%0Aroom/cam", "/live/@room%0Acam/x", "/live/@room/cam%0A"]) {
			expect(StreamName.fromPath(path)?.key).not.toBe(key);
		}
	});
});
