/**
 * Runs a handler of an application, and hands on what comes of it: at once where it is there at once, else when its
 * promise settles.
 *
 * @param finish takes the result; what it throws goes to `fail`
 * @param fail takes what was thrown; it is given what it throws itself, and must not throw for that
 */
export function runHandler<Result>(
	handler: () => Result | Promise<Result>,
	finish: (result: Result) => void,
	fail: (error: unknown) => void,
): void {
	const onResult = (result: Result) => attempt(() => finish(result), fail);
	const onError = (error: unknown) => attempt(() => fail(error), fail);
	let result: Result;
	try {
		const returned = handler();
		if (isThenable(returned)) {
			Promise.resolve(returned).then(onResult, onError);
			return;
		}
		result = returned;
	} catch (error) {
		onError(error);
		return;
	}
	onResult(result);
}

function attempt(action: () => void, fail: (error: unknown) => void): void {
	try {
		action();
	} catch (error) {
		fail(error);
	}
}

function isThenable<T>(value: T | Promise<T>): value is Promise<T> {
	return typeof value === "object" && value !== null && "then" in value && typeof value.then === "function";
}
