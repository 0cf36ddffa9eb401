import { describe, expect, it } from "vitest";
import { parseOptions } from "./option.ts";

describe("parseOptions", () => {
	it("runs everything five times and judges nobody by default", () => {
		expect(parseOptions([])).toEqual({
			smoke: false,
			rounds: 5,
			only: [],
			list: false,
			judge: false,
			anyCore: false,
			help: false,
		});
	});

	it("runs one round for a smoke run unless told otherwise", () => {
		expect(parseOptions(["--smoke"]).rounds).toBe(1);
		expect(parseOptions(["--smoke", "--rounds", "2"]).rounds).toBe(2);
	});

	it("takes scenario names one by one or with commas", () => {
		expect(parseOptions(["--only", "idle,join", "--only", "fanout"]).only).toEqual(["idle", "join", "fanout"]);
	});

	it("takes a warm-up in seconds", () => {
		expect(parseOptions([]).warmUpSeconds).toBe(undefined);
		expect(parseOptions(["--warm-up", "30"]).warmUpSeconds).toBe(30);
	});

	it.each([
		[["--warm-up", "long"], "--warm-up takes seconds"],
		[["--warm-up=-1"], "--warm-up takes seconds"],
		[["--rounds", "0"], "--rounds takes a whole number"],
		[["--rounds", "many"], "--rounds takes a whole number"],
		[["--smoke", "--judge"], "too short to be judged"],
		[["--fast"], "'--fast'"],
		[["fanout"], "fanout"],
	])("refuses %j", (args, message) => {
		expect(() => parseOptions(args)).toThrow(message);
	});
});
