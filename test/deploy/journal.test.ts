import { expect } from "chai";
import { JsonRpcProvider } from "ethers";

import { useNonce } from "../../deploy/journal.ts";
import { startAnvil, type TestAnvil } from "../helpers/anvil.ts";

describe("a nonce that an interrupted deployment reserved", function () {
  this.timeout(30_000);
  let anvil: TestAnvil;
  let provider: JsonRpcProvider;

  beforeEach(async () => {
    anvil = await startAnvil({ mining: "manual" });
    provider = new JsonRpcProvider(anvil.url, undefined, { cacheTimeout: -1, batchMaxCount: 1 });
  });
  afterEach(async () => {
    provider.destroy();
    await anvil.stop();
  });

  it("goes to the transaction that reaches the node after it was looked for", async () => {
    const signer = await provider.getSigner(0);
    const sent = await signer.sendUncheckedTransaction({
      to: signer.address,
      value: 1n,
      maxFeePerGas: 50_000_000_000n,
      maxPriorityFeePerGas: 5_000_000_000n,
    });
    const used = useNonce(
      {
        sendTransaction: async (transaction) => {
          const refused = await signer
            .sendTransaction(transaction)
            .catch((error: unknown) => error);
          await anvil.rpc("evm_mine");
          throw refused;
        },
      },
      provider,
      signer.address,
      0,
    );
    expect(await used).to.equal(sent);
  });

  it("says what the node said where nothing uses it", async () => {
    const signer = await provider.getSigner(0);
    const refusal = new Error("the node is not in the mood");
    const failing = { sendTransaction: () => Promise.reject(refusal) };
    const used = useNonce(failing, provider, signer.address, 0);
    expect(await used.catch((error: unknown) => error)).to.equal(refusal);
  });
});
