import flash.Lib;
import flash.external.ExternalInterface;
import flash.net.NetConnection;
import flash.net.Responder;

/** Calls a gateway of Flash Remoting as a Flash program does, and reports to the page what comes of it. */
class RemotingMovie {
	static function main() {
		var parameters:Dynamic = Lib.current.loaderInfo.parameters;
		untyped __global__["flash.net.registerClassAlias"]("example.Point", Point);

		var connection = new NetConnection();
		// Whatever stands here, Ruffle sends AMF0.
		connection.objectEncoding = 0;
		connection.addEventListener("netStatus", function(event:Dynamic) report("netStatus", event.info));
		connection.addEventListener("ioError", function(event:Dynamic) report("ioError", event.text));
		connection.addEventListener("securityError", function(event:Dynamic) report("securityError", event.text));
		connection.addEventListener("asyncError", function(event:Dynamic) report("asyncError", event.text));
		connection.connect(parameters.gateway);
		report("connected", connection.connected);
		connection.addHeader("Credentials", false, {userid: "ann", password: "secret"});

		var mixed:Array<Dynamic> = [1, "two", null, true, 2.5];
		connection.call("demo.echo", responder("echo"), {list: mixed, text: "Grüße"}, "last");
		connection.call("demo/red.who", responder("who"));
		connection.call("demo.nothing", responder("nothing"));
		connection.call("demo.refuse", responder("refuse"));
		connection.call("math.sum", responder("sum"), 2, 3);
		connection.call("demo.mirror", new Responder(function(value:Dynamic) {
			report("mirror", {isPoint: Std.isOfType(value, Point), x: value.x, y: value.y});
			elsewhere(parameters.nowhere);
		}, function(info:Dynamic) report("mirror-status", info)), new Point(1, 2));
	}

	/** Nobody answers there: the connection's status tells of it. **/
	static function elsewhere(address:String) {
		var connection = new NetConnection();
		connection.addEventListener("netStatus", function(event:Dynamic) report("elsewhere", event.info));
		connection.connect(address);
		connection.call("demo.echo", responder("lost"));
	}

	static function responder(name:String):Responder {
		return new Responder(
			function(value:Dynamic) report(name, value),
			function(info:Dynamic) report(name + "-status", info)
		);
	}

	static function report(what:String, value:Dynamic) {
		ExternalInterface.call("report", what, haxe.Json.stringify(value));
	}
}

class Point {
	public var x:Float;
	public var y:Float;

	public function new(x:Float = 0, y:Float = 0) {
		this.x = x;
		this.y = y;
	}
}
