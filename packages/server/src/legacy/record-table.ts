/** When rows that a gateway keeps are asked for: each as it is wanted, all of them, or a page as one of it is wanted. */
export type DeliveryMode = "ondemand" | "fetchall" | "page";

/** What a table tells of its rows; indexes count from 0, `last` is within. */
export interface RecordTableObserver {
	/** They are to be asked for, and `take` or `fail` is to be called with what came. */
	onFetch(first: number, last: number): void;
	/** They have come. */
	onRows(first: number, last: number): void;
	/** The last ones that were missing have come. */
	onComplete(): void;
}

/** What `row` answers for one that has been asked for and has not come. */
export const ROW_IN_PROGRESS = Symbol("a row that has been asked for");

/** What a gateway announces of more rows than these is cut off there: it costs memory before any has come. */
export const MAX_ROWS = 100_000;
/** Rows of a page where nothing else is said. */
export const DEFAULT_PAGE_ROWS = 25;

/** A table whose rows may come page by page, as a gateway has them. */
export class RecordTable<Row> {
	columns: readonly string[] = [];
	readonly #observer: RecordTableObserver;
	/** Those that have not come are `undefined`. */
	#rows: (Row | undefined)[] = [];
	#available = 0;
	readonly #asked = new Set<number>();
	/** All before it have come or have been asked for, while all are being fetched. */
	#next = 0;
	#mode: DeliveryMode = "ondemand";
	#pageRows = DEFAULT_PAGE_ROWS;
	#pagesAhead = 0;

	constructor(observer: RecordTableObserver) {
		this.#observer = observer;
	}

	/** All rows, whether they have come or not. */
	get length(): number {
		return this.#rows.length;
	}

	get available(): number {
		return this.#available;
	}

	get isComplete(): boolean {
		return this.#available === this.#rows.length;
	}

	/** Those that have come, in order. */
	get rows(): readonly Row[] {
		return this.#rows.filter(row => row !== undefined);
	}

	/** Begins anew: `total` rows, of which these are there, from `first` on. */
	begin(total: number, first: number, rows: readonly Row[]): void {
		const start = Math.max(0, Math.trunc(first) || 0);
		const end = start + rows.length;
		const wanted = Math.max(end, Math.trunc(total) || 0);
		this.#rows = new Array<Row | undefined>(Math.min(wanted, MAX_ROWS)).fill(undefined);
		this.#asked.clear();
		this.#available = 0;
		this.#place(start, rows);
	}

	/** A row, which is asked for where it has not come. `undefined`: there is none of that index. */
	row(index: number): Row | undefined | typeof ROW_IN_PROGRESS {
		if (!(index in this.#rows)) return undefined;
		const row = this.#rows[index];
		if (row !== undefined) return row;
		if (this.#mode === "page") this.#askForPages(index);
		else this.#ask(index, index);
		return ROW_IN_PROGRESS;
	}

	setDelivery(mode: DeliveryMode, pageRows: number, pagesAhead: number): void {
		this.#mode = mode;
		this.#pageRows = pageRows >= 1 ? Math.trunc(pageRows) : DEFAULT_PAGE_ROWS;
		this.#pagesAhead = Math.max(0, Math.trunc(pagesAhead) || 0);
		this.#next = 0;
		if (mode === "fetchall") this.#askForNext();
	}

	/** What came for a question of `onFetch`; fewer rows than were asked for may be asked for again. */
	take(first: number, last: number, rows: readonly Row[]): void {
		this.#forget(first, last);
		const count = Math.min(rows.length, last - first + 1);
		this.#place(first, rows.slice(0, count));
		if (count > 0) this.#observer.onRows(first, first + count - 1);
		if (this.isComplete) this.#observer.onComplete();
		else if (this.#mode === "fetchall" && count > 0) this.#askForNext();
	}

	/** Nothing came. */
	fail(first: number, last: number): void {
		this.#forget(first, last);
	}

	/** Puts a row in front of another one, or at the end. False: there is no such place. */
	insert(index: number, row: Row): boolean {
		if (index !== this.#rows.length && !(index in this.#rows)) return false;
		this.#rows.splice(index, 0, row);
		this.#available++;
		return true;
	}

	replace(index: number, row: Row): boolean {
		if (!(index in this.#rows)) return false;
		this.#rows[index] = row;
		return true;
	}

	remove(index: number): boolean {
		if (!(index in this.#rows)) return false;
		this.#rows.splice(index, 1);
		this.#available--;
		return true;
	}

	sort(compare: (a: Row, b: Row) => number): void {
		this.#rows = this.rows.toSorted(compare);
	}

	#place(first: number, rows: readonly Row[]): void {
		for (const [at, row] of rows.entries()) {
			const index = first + at;
			if (!(index in this.#rows)) return;
			if (this.#rows[index] === undefined) this.#available++;
			this.#rows[index] = row;
		}
	}

	#forget(first: number, last: number): void {
		for (let index = first; index <= last; index++) this.#asked.delete(index);
	}

	#askForPages(index: number): void {
		const start = index - (index % this.#pageRows);
		for (let page = 0; page <= this.#pagesAhead; page++) {
			const first = start + page * this.#pageRows;
			if (first >= this.length) return;
			this.#ask(first, first + this.#pageRows - 1);
		}
	}

	#askForNext(): void {
		while (this.#next < this.length && !this.#isMissing(this.#next)) this.#next++;
		if (this.#next < this.length) this.#ask(this.#next, this.#next + this.#pageRows - 1);
	}

	/** Of these rows, those between the first and the last that are missing. */
	#ask(from: number, to: number): void {
		let [first, last] = [from, Math.min(to, this.length - 1)];
		while (first <= last && !this.#isMissing(first)) first++;
		while (last >= first && !this.#isMissing(last)) last--;
		if (first > last) return;
		for (let index = first; index <= last; index++) this.#asked.add(index);
		this.#observer.onFetch(first, last);
	}

	#isMissing(index: number): boolean {
		return this.#rows[index] === undefined && !this.#asked.has(index);
	}
}
