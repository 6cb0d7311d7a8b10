/** Gas of randomness on Hardhat's EVM, beside Chainlink's in the same run. Run by `hardhat run test/bench/vrf.ts`. */
import { randomBytes } from "node:crypto";

import { AbiCoder, Contract, hexlify, keccak256, parseEther, ZeroAddress } from "ethers";
import type { BaseContract, TransactionReceipt } from "ethers";

import { ecvrf } from "../../keepers/vrf/ecvrf.ts";
import { encodeWitness } from "../../keepers/vrf/witness.ts";
import { deployVrf } from "../contracts/vrf/coordinator.ts";
import type { Vrf } from "../contracts/vrf/coordinator.ts";
import { compileChainlink, proveForChainlink } from "./chainlink.ts";
import type { Build } from "./chainlink.ts";
import { gasRow as row, type Row } from "./row.ts";

/** Random inputs of a verification, and requests of a mean. */
const SAMPLES = 256;
const BATCH = 10;
/** Measured earlier, not in this run: vrf-solidity is not installed. */
const WITNET_FAST_VERIFY = 153_318;

interface Spread {
  readonly mean: number;
  readonly min: number;
  readonly max: number;
}

interface Costs {
  readonly request: Spread;
  readonly fulfil: Spread;
}

/** Measures everything; takes about half a minute, compiling Chainlink's contracts included. */
export async function vrfGasBench(): Promise<Row[]> {
  const vrf = await deployVrf();
  const chainlink = compileChainlink();
  const verify = await measureVerify(vrf, chainlink.verifier);
  const [empty, storing] = [await measure(vrf, false), await measure(vrf, true)];
  const peer = await deployChainlink(vrf, chainlink.coordinator);
  const [peerEmpty, peerStoring] = [await peer.measure(false), await peer.measure(true)];
  const batch = await measureBatch(vrf);

  const coordinator = "Chainlink VRFCoordinatorV2_5";
  const both = (costs: Costs) => costs.request.mean + costs.fulfil.mean;
  return [
    row("vrf.verify.mean", verify.ours.mean, 39_500, "Chainlink VRF.sol", verify.theirs.mean),
    row("vrf.verify.min", verify.ours.min, null, "Chainlink VRF.sol", verify.theirs.min),
    row("vrf.verify.max", verify.ours.max, null, "Chainlink VRF.sol", verify.theirs.max),
    row(
      "vrf.verify.mean.vrfSolidity",
      verify.ours.mean,
      null,
      "vrf-solidity fastVerify (reference)",
      WITNET_FAST_VERIFY,
    ),
    row("vrf.request", empty.request.mean, null, coordinator, peerEmpty.request.mean),
    row("vrf.fulfil.empty", empty.fulfil.mean, 58_000, coordinator, peerEmpty.fulfil.mean),
    row("vrf.fulfil.empty.max", empty.fulfil.max, null, coordinator, peerEmpty.fulfil.max),
    row("vrf.fulfil.storing", storing.fulfil.mean, null, coordinator, peerStoring.fulfil.mean),
    row("vrf.fulfil.batch10.perItem", batch, null, coordinator, peerEmpty.fulfil.mean),
    row("vrf.requestAndFulfil", both(empty), 115_000, coordinator, both(peerEmpty)),
  ];
}

async function measureVerify(vrf: Vrf, verifier: Build) {
  const ours = await vrf.ethers.deployContract("ECVRFVerifier");
  const theirs = await deploy(vrf, verifier, []);
  const gas: { ours: number[]; theirs: number[] } = { ours: [], theirs: [] };
  for (let i = 0; i < SAMPLES; i++) {
    const secret = randomScalar();
    const transcript = ecvrf.prove(secret, randomBytes(32));
    const { x, y } = ecvrf.validateKey(transcript.publicKey);
    const data = ours.interface.encodeFunctionData("verify", [
      x,
      y & 1n,
      hexlify(transcript.alpha),
      hexlify(encodeWitness(transcript)),
    ]);
    gas.ours.push(await gasOf(vrf.owner.sendTransaction({ to: ours, data })));

    const seed = BigInt(hexlify(randomBytes(32)));
    const proof = proveForChainlink(BigInt(hexlify(secret)), seed);
    const call = theirs.interface.encodeFunctionData("randomValueFromVRFProof_", [proof, seed]);
    gas.theirs.push(await gasOf(vrf.owner.sendTransaction({ to: theirs, data: call })));
  }
  return { ours: spread(gas.ours), theirs: spread(gas.theirs) };
}

async function measure(vrf: Vrf, isStoring: boolean): Promise<Costs> {
  const subId = await vrf.subscribe([], parseEther("1000"));
  const consumer = await vrf.ethers.deployContract("VrfMinimalConsumer", [
    vrf.coordinator,
    vrf.key.keyHash,
    subId,
    isStoring,
  ]);
  await vrf.coordinator.addConsumer(subId, consumer);
  const gas: { request: number[]; fulfil: number[] } = { request: [], fulfil: [] };
  for (let i = 0; i < SAMPLES; i++) {
    const requested = await receiptOf(consumer.request());
    const request = vrf.requestIn(requested);
    const fulfilled = await receiptOf(vrf.fulfill(request));
    if (!vrf.fulfilmentIn(fulfilled).success) throw new Error("the callback failed");
    gas.request.push(Number(requested.gasUsed));
    gas.fulfil.push(Number(fulfilled.gasUsed));
  }
  return {
    request: spread(gas.request),
    fulfil: spread(gas.fulfil),
  };
}

/** Gas per item of a batch of requests of one subscription. */
async function measureBatch(vrf: Vrf): Promise<number> {
  const subId = await vrf.subscribe([], parseEther("1000"));
  const consumer = await vrf.ethers.deployContract("VrfMinimalConsumer", [
    vrf.coordinator,
    vrf.key.keyHash,
    subId,
    false,
  ]);
  await vrf.coordinator.addConsumer(subId, consumer);
  const gas: number[] = [];
  for (let round = 0; round < 12; round++) {
    const requests = [];
    for (let i = 0; i < BATCH; i++)
      requests.push(vrf.requestIn(await receiptOf(consumer.request())));
    const proofs = await Promise.all(requests.map(async (item) => (await vrf.prove(item)).proof));
    const sent = vrf.coordinator.fulfillMany(proofs, requests, { gasLimit: 10_000_000 });
    gas.push(Number((await receiptOf(sent)).gasUsed) / BATCH);
  }
  return spread(gas.slice(4)).mean;
}

/** Chainlink's coordinator with one key and a subscription per consumer, everything paid in native coin. */
async function deployChainlink(vrf: Vrf, build: Build) {
  const coordinator = await deploy(vrf, build, [ZeroAddress]);
  const call = (name: string, args: unknown[], value = 0n) =>
    receiptOf(
      vrf.owner.sendTransaction({
        to: coordinator,
        data: coordinator.interface.encodeFunctionData(name, args),
        value,
      }),
    );
  const event = (receipt: TransactionReceipt, name: string) => {
    const found = receipt.logs
      .map((log) => coordinator.interface.parseLog(log))
      .find((log) => log?.name === name);
    if (!found) throw new Error(`no ${name}`);
    return found.args;
  };
  const secret = BigInt(hexlify(randomScalar()));
  const { pk } = proveForChainlink(secret, 0n);
  const keyHash = keccak256(AbiCoder.defaultAbiCoder().encode(["uint256", "uint256"], pk));
  await call("setConfig", [0, 2_500_000, 2_700, 33_285, 10n ** 16n, 0, 0, 24, 20]);
  await call("registerProvingKey", [pk, 10n ** 12n]);

  const measureOne = async (isStoring: boolean): Promise<Costs> => {
    const created = event(await call("createSubscription", []), "SubscriptionCreated");
    const subId = created["subId"] as bigint;
    const consumer = await vrf.ethers.deployContract("VrfMinimalConsumer", [
      coordinator,
      keyHash,
      subId,
      isStoring,
    ]);
    await call("fundSubscriptionWithNative", [subId], parseEther("1000"));
    await call("addConsumer", [subId, await consumer.getAddress()]);
    const gas: { request: number[]; fulfil: number[] } = { request: [], fulfil: [] };
    for (let i = 0; i < SAMPLES; i++) {
      const requested = await receiptOf(consumer.request());
      const args = event(requested, "RandomWordsRequested");
      const proof = proveForChainlink(secret, args["preSeed"] as bigint, requested.blockHash);
      const commitment = [
        requested.blockNumber,
        subId,
        100_000,
        1,
        await consumer.getAddress(),
        args["extraArgs"],
      ];
      const fulfilled = await call("fulfillRandomWords", [proof, commitment, false]);
      if (!event(fulfilled, "RandomWordsFulfilled")["success"]) throw new Error("callback failed");
      gas.request.push(Number(requested.gasUsed));
      gas.fulfil.push(Number(fulfilled.gasUsed));
    }
    return {
      request: spread(gas.request),
      fulfil: spread(gas.fulfil),
    };
  };
  return { measure: measureOne };
}

async function deploy(vrf: Vrf, build: Build, args: unknown[]): Promise<BaseContract> {
  const factory = new vrf.ethers.ContractFactory(build.abi, build.bytecode, vrf.owner);
  const deployed = await factory.deploy(...args);
  return new Contract(await deployed.getAddress(), build.abi, vrf.owner);
}

/** A transaction on its way. */
type Sent = Promise<{ wait(): Promise<TransactionReceipt | null> }>;

async function receiptOf(sent: Sent): Promise<TransactionReceipt> {
  const receipt = await (await sent).wait();
  if (!receipt) throw new Error("the transaction was not mined");
  return receipt;
}

async function gasOf(sent: Sent): Promise<number> {
  return Number((await receiptOf(sent)).gasUsed);
}

/** 32 random bytes below the order of the group, but for a chance of 2^-128 each way. */
function randomScalar(): Uint8Array {
  const scalar = randomBytes(32);
  scalar[0]! &= 0x7f;
  return scalar;
}

function spread(values: readonly number[]): Spread {
  return {
    mean: values.reduce((sum, value) => sum + value, 0) / values.length,
    min: Math.min(...values),
    max: Math.max(...values),
  };
}

if (process.argv.some((argument) => argument.endsWith("test/bench/vrf.ts"))) {
  console.table(await vrfGasBench());
}
