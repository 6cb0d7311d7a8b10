import { expect } from "chai";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { Contract } from "ethers";
import { judgeHeads } from "../../../keepers/shared/heads.ts";
import { createLogger } from "../../../keepers/shared/log.ts";
import { openChain, RpcUnavailableError, type Chain } from "../../../keepers/shared/rpc.ts";

/** A node that answers by a table; `chainId` and `broken` may change while it runs. */
interface FakeNode {
  url: string;
  chainId: number;
  head: number;
  broken: "no" | "http500" | "busy" | "hang" | "cut" | "html";
  calls: string[];
  stop(): Promise<void>;
  start(): Promise<void>;
}

describe("rpc", function () {
  this.timeout(20_000);
  const lines: string[] = [];
  const log = createLogger({
    name: "test",
    level: "info",
    destination: { write: (line) => void lines.push(line) },
  });
  const nodes: FakeNode[] = [];
  const chains: Chain[] = [];

  async function startNode(chainId = 31337): Promise<FakeNode> {
    let server: Server;
    let port = 0;
    const node: FakeNode = {
      url: "",
      chainId,
      head: 42,
      broken: "no",
      calls: [],
      stop: () =>
        new Promise((resolve) => {
          server.close(() => resolve());
          server.closeAllConnections();
        }),
      start: async () => {
        server = createServer((request, response) => {
          let body = "";
          request.on("data", (chunk: Buffer) => (body += chunk.toString()));
          request.on("end", () => {
            const { id, method } = JSON.parse(body) as { id: number; method: string };
            node.calls.push(method);
            if (node.broken === "hang") return;
            if (node.broken === "cut") return void response.destroy();
            if (node.broken === "html") return void response.end("<html>");
            if (node.broken === "http500")
              return void response.writeHead(500).end(JSON.stringify({ id, result: "0x" }));
            const answer =
              node.broken === "busy"
                ? { error: { code: -32005, message: "limit exceeded" } }
                : method === "eth_chainId"
                  ? { result: `0x${node.chainId.toString(16)}` }
                  : method === "eth_call"
                    ? { error: { code: 3, message: "execution reverted", data: "0x" } }
                    : method === "eth_blockNumber"
                      ? { result: `0x${node.head.toString(16)}` }
                      : { result: "0x2a" };
            response.end(JSON.stringify({ jsonrpc: "2.0", id, ...answer }));
          });
        });
        await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
        port = (server.address() as AddressInfo).port;
        node.url = `http://127.0.0.1:${port}`;
      },
    };
    await node.start();
    nodes.push(node);
    return node;
  }
  function open(rpcUrls: string[], timeoutMs = 300): Chain {
    const chain = openChain({ chainId: 31337, rpcUrls, log, timeoutMs });
    chains.push(chain);
    return chain;
  }

  afterEach(async () => {
    for (const chain of chains.splice(0)) chain.close();
    await Promise.all(nodes.splice(0).map((node) => node.stop().catch(() => undefined)));
    lines.length = 0;
  });

  it("asks the first endpoint and leaves the second alone but for its chain id and head", async () => {
    const [first, second] = [await startNode(), await startNode()];
    const chain = open([first.url, second.url]);
    expect(await chain.provider.getBlockNumber()).to.equal(42);
    expect(await chain.send("eth_gasPrice", [])).to.equal("0x2a");
    expect(
      [...new Set(second.calls)].filter((method) => !/chainId|blockNumber/.test(method)),
    ).to.deep.equal([]);
  });

  describe("heads", () => {
    it("believes the median, the higher of two, and one that is alone", () => {
      expect(judgeHeads([100], 3)).to.deep.equal(["healthy"]);
      expect(judgeHeads([100, 103], 3)).to.deep.equal(["healthy", "healthy"]);
      expect(judgeHeads([100, 104], 3)).to.deep.equal(["behind", "healthy"]);
      expect(judgeHeads([100, 96, 900], 3)).to.deep.equal(["healthy", "behind", "ahead"]);
      expect(judgeHeads([900, 901, 100, 101], 3).slice(2)).to.deep.equal(["behind", "behind"]);
      expect(judgeHeads([], 3)).to.deep.equal([]);
    });

    for (const [head, state] of [
      [10, "behind"],
      [99, "ahead"],
    ] as const) {
      it(`does not ask an endpoint whose head is far ${state}, until it is with the others again`, async () => {
        const [first, second, third] = [await startNode(), await startNode(), await startNode()];
        first.head = head;
        const chain = open([first.url, second.url, third.url]);
        expect((await chain.check()).map((one) => one.state)).to.deep.equal([
          state,
          "healthy",
          "healthy",
        ]);
        await chain.send("eth_gasPrice", []);
        expect(first.calls).not.to.include("eth_gasPrice");
        expect(second.calls).to.include("eth_gasPrice");
        expect(await chain.askAll("eth_gasPrice", [])).to.deep.equal(["0x2a", "0x2a"]);
        first.head = 42;
        await chain.check();
        await chain.send("eth_gasPrice", []);
        expect(first.calls).to.include("eth_gasPrice");
      });
    }

    it("works with the one that is left, wherever its head is", async () => {
      const [first, second] = [await startNode(), await startNode()];
      first.head = 10;
      const chain = open([first.url, second.url]);
      expect((await chain.check())[0]?.state).to.equal("behind");
      await second.stop();
      await chain.check();
      expect(await chain.send("eth_gasPrice", [])).to.equal("0x2a");
      expect(first.calls).to.include("eth_gasPrice");
    });
  });

  for (const broken of ["http500", "busy", "hang", "cut", "html"] as const) {
    it(`goes to the second endpoint when the first fails (${broken}) and comes back when it is well`, async () => {
      const [first, second] = [await startNode(), await startNode()];
      const chain = open([first.url, second.url]);
      await chain.send("eth_blockNumber", []);
      first.broken = broken;
      expect(await chain.send("eth_blockNumber", [])).to.equal("0x2a");
      expect(second.calls).to.include("eth_blockNumber");
      expect(chain.health().map((one) => one.state)).to.deep.equal(["failing", "healthy"]);
      first.broken = "no";
      await chain.check();
      first.calls.length = 0;
      await chain.send("eth_blockNumber", []);
      expect(first.calls).to.include("eth_blockNumber");
    });
  }

  it("refuses an endpoint of another chain, names it, and works through the other", async () => {
    const [wrong, right] = [await startNode(1), await startNode()];
    const chain = open([wrong.url, right.url]);
    expect(await chain.send("eth_blockNumber", [])).to.equal("0x2a");
    const health = await chain.check();
    expect(health[0]).to.include({
      state: "refused",
      detail: "answers for chain 1, expected 31337",
    });
    expect(lines.join("")).to.contain(`"endpoint":"${wrong.url}"`);
  });

  it("does not believe an endpoint that comes back as another chain on the same address", async () => {
    const node = await startNode();
    const chain = open([node.url]);
    expect(await chain.send("eth_blockNumber", [])).to.equal("0x2a");
    await node.stop();
    node.chainId = 5;
    await node.start();
    const error = await chain.send("eth_blockNumber", []).catch((reason: unknown) => reason);
    expect(error).to.be.instanceOf(RpcUnavailableError);
    expect(String(error)).to.contain(`${node.url} answers for chain 5, expected 31337`);
  });

  it("fails with an error that names every endpoint while none works, and recovers by itself", async () => {
    const node = await startNode();
    const chain = open([node.url]);
    await chain.send("eth_blockNumber", []);
    await node.stop();
    const error = await chain.send("eth_blockNumber", []).catch((reason: unknown) => reason);
    expect(String(error)).to.match(
      /RpcUnavailableError: no RPC endpoint of chain 31337 can be used: http:\/\/127.*ECONNREFUSED/,
    );
    await node.start();
    expect(await chain.send("eth_blockNumber", [])).to.equal("0x2a");
  });

  it("survives a node that has closed kept-alive connections", async () => {
    const node = await startNode();
    const chain = open([node.url]);
    await chain.send("eth_blockNumber", []);
    await node.stop();
    await node.start();
    expect(await chain.send("eth_blockNumber", [])).to.equal("0x2a");
  });

  it("takes a node's own error for an answer, without asking another", async () => {
    const [first, second] = [await startNode(), await startNode()];
    const chain = open([first.url, second.url]);
    const contract = new Contract(
      "0x00000000000000000000000000000000000000aa",
      ["function f() view returns (uint256)"],
      chain.provider,
    );
    const error: unknown = await contract
      .getFunction("f")()
      .catch((reason: unknown) => reason);
    expect(error).to.have.property("code", "CALL_EXCEPTION");
    expect(second.calls).to.not.include("eth_call");
  });

  it("keeps API keys in URLs out of logs and errors", async () => {
    const chain = open(["http://user:hunter2@127.0.0.1:1/v3/hunter2?key=hunter2"]);
    const error = await chain.send("eth_blockNumber", []).catch((reason: unknown) => reason);
    expect(String(error)).to.contain("http://127.0.0.1:1/…");
    expect(String(error) + lines.join("")).to.not.contain("hunter2");
  });
});
