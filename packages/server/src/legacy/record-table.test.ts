import { describe, expect, it } from "vitest";
import { MAX_ROWS, RecordTable, ROW_IN_PROGRESS } from "./record-table.ts";

/** A table of numbers, and what it told: `fetch 3-5`, `rows 3-5`, `complete`. */
class Fixture {
	readonly events: string[] = [];
	readonly table = new RecordTable<number>({
		onFetch: (first, last) => this.events.push(`fetch ${first}-${last}`),
		onRows: (first, last) => this.events.push(`rows ${first}-${last}`),
		onComplete: () => this.events.push("complete"),
	});

	constructor(total: number, first: number, rows: readonly number[]) {
		this.table.begin(total, first, rows);
	}

	/** Rows that are worth their index. */
	answer(first: number, last: number, count = last - first + 1): void {
		const rows = Array.from({ length: count }, (_, at) => first + at);
		this.table.take(first, last, rows);
	}

	takeEvents(): string[] {
		return this.events.splice(0);
	}
}

describe("a table of which rows are missing", () => {
	it("knows how many there are, and how many have come", () => {
		const { table } = new Fixture(5, 1, [1, 2]);
		expect([table.length, table.available, table.isComplete, table.rows]).toEqual([5, 2, false, [1, 2]]);
		expect([table.row(1), table.row(2), table.row(5), table.row(-1), table.row(0.5)]).toEqual([
			1,
			2,
			undefined,
			undefined,
			undefined,
		]);
	});

	it("asks for a row when it is wanted, once", () => {
		const fixture = new Fixture(5, 0, [0]);
		const { table } = fixture;
		expect([table.row(3), table.row(3)]).toEqual([ROW_IN_PROGRESS, ROW_IN_PROGRESS]);
		expect(fixture.takeEvents()).toEqual(["fetch 3-3"]);
		fixture.answer(3, 3);
		expect(fixture.takeEvents()).toEqual(["rows 3-3"]);
		expect([table.row(3), table.available]).toEqual([3, 2]);
	});

	it("asks again for what did not come", () => {
		const fixture = new Fixture(2, 0, [0]);
		fixture.table.row(1);
		fixture.table.fail(1, 1);
		fixture.table.row(1);
		fixture.answer(1, 1, 0);
		fixture.table.row(1);
		expect(fixture.takeEvents()).toEqual(["fetch 1-1", "fetch 1-1", "fetch 1-1"]);
	});

	it("asks for the page of a row, and for pages behind it, but for what has come or was asked for", () => {
		const fixture = new Fixture(12, 0, [0, 1]);
		fixture.table.setDelivery("page", 5, 1);
		fixture.table.row(3);
		expect(fixture.takeEvents()).toEqual(["fetch 2-4", "fetch 5-9"]);
		fixture.table.row(7);
		expect(fixture.takeEvents()).toEqual(["fetch 10-11"]);
		fixture.answer(5, 9);
		fixture.answer(2, 4);
		fixture.answer(10, 11);
		expect(fixture.takeEvents()).toEqual(["rows 5-9", "rows 2-4", "rows 10-11", "complete"]);
	});

	it("fetches all, page after page", () => {
		const fixture = new Fixture(7, 2, [2]);
		fixture.table.setDelivery("fetchall", 3, 0);
		expect(fixture.takeEvents()).toEqual(["fetch 0-1"]);
		fixture.answer(0, 1);
		fixture.answer(3, 5, 1);
		fixture.answer(4, 6);
		expect(fixture.takeEvents()).toEqual(["rows 0-1", "fetch 3-5", "rows 3-3", "fetch 4-6", "rows 4-6", "complete"]);
		expect(fixture.table.rows).toEqual([0, 1, 2, 3, 4, 5, 6]);
	});

	it("stops fetching where nothing comes", () => {
		const fixture = new Fixture(3, 0, []);
		fixture.table.setDelivery("fetchall", 2, 0);
		fixture.answer(0, 1, 0);
		expect(fixture.takeEvents()).toEqual(["fetch 0-1"]);
	});

	it("takes no more rows than were asked for, and keeps no more than it may", () => {
		const fixture = new Fixture(3, 0, []);
		fixture.table.row(1);
		fixture.answer(1, 1, 2);
		expect([fixture.table.available, fixture.table.row(2)]).toEqual([1, ROW_IN_PROGRESS]);
		expect(new Fixture(Number.MAX_VALUE, 0, []).table.length).toBe(MAX_ROWS);
		expect(new Fixture(Number.NaN, -5, [7]).table.rows).toEqual([7]);
	});
});

describe("a whole table", () => {
	it("is changed in its places alone", () => {
		const { table } = new Fixture(2, 0, [10, 20]);
		expect([table.insert(3, 1), table.insert(-1, 1), table.replace(2, 1), table.remove(2)]).toEqual([
			false,
			false,
			false,
			false,
		]);
		expect([table.insert(2, 5), table.replace(0, 30), table.remove(1)]).toEqual([true, true, true]);
		expect([table.rows, table.length, table.isComplete]).toEqual([[30, 5], 2, true]);
		table.sort((a, b) => a - b);
		expect(table.rows).toEqual([5, 30]);
	});
});
