// swift-tools-version: 6.2
import PackageDescription

/// Warnings are errors wherever the project itself is built (Makefile and CI set this); a package that
/// depends on Decree is never stopped by a warning that a newer compiler learnt to give.
let strict = Context.environment["DECREE_WARNINGS_AS_ERRORS"] == "1"

/// `make fuzz` sets this: everything of ours is then built for libFuzzer, and the program that it drives is
/// there. Nobody else sees either.
let isFuzzing = Context.environment["DECREE_FUZZ"] == "1"

/// `make bench` sets this: the program that measures our parts is there then. It is no product, and it sees what
/// only our own targets see.
let isBenchmarking = Context.environment["DECREE_BENCHMARKS"] == "1"

let settings: [SwiftSetting] =
    [
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("MemberImportVisibility"),
        .enableUpcomingFeature("InternalImportsByDefault"),
    ] + (strict ? [.treatAllWarnings(as: .error)] : [])
    + (isFuzzing ? [.unsafeFlags(["-sanitize=fuzzer,address"])] : [])

let nio: [Target.Dependency] = [
    .product(name: "NIOCore", package: "swift-nio"),
    .product(name: "NIOPosix", package: "swift-nio"),
]

let fuzzer: [Target] = [
    .systemLibrary(name: "LibFuzzer", path: "Fuzz/LibFuzzer"),
    .executableTarget(
        name: "Fuzz", dependencies: ["FuzzTargets", "LibFuzzer"], path: "Fuzz/Command",
        swiftSettings: settings, linkerSettings: [.unsafeFlags(["-sanitize=fuzzer,address", "-use-ld=lld"])]),
]

let microbenchmarks: [Target] = [
    .executableTarget(
        name: "Microbenchmarks",
        dependencies: [
            "Paxos", "DecreeStore", "DecreeWire", "Bank", .product(name: "NIOCore", package: "swift-nio"),
        ],
        path: "benchmarks/micro", swiftSettings: settings)
]

let package = Package(
    name: "decree",
    platforms: [.macOS(.v15)],
    products: [
        .executable(name: "decree", targets: ["DecreeCommand"]),
        .library(name: "Paxos", targets: ["Paxos"]),
        .library(name: "Decree", targets: ["Decree"]),
        .library(name: "DecreeClient", targets: ["DecreeClient"]),
        .library(name: "Bank", targets: ["Bank"]),
        .library(name: "ValueLog", targets: ["ValueLog"]),
        .library(name: "DecreeSimulator", targets: ["DecreeSimulator"]),
        .library(name: "DecreeTesting", targets: ["DecreeTesting"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift", from: "0.2.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ],
    targets: [
        // L0: the protocol, and the two things that hold no code of ours.
        .systemLibrary(
            name: "CSQLite", pkgConfig: "sqlite3",
            providers: [.apt(["libsqlite3-dev"]), .brew(["sqlite3"])]),
        .target(
            name: "Migrations", path: "migrations",
            resources: [
                .embedInCode("0001_initial.sql"), .embedInCode("0002_lifecycle.sql"),
                .embedInCode("0003_unexecuted.sql"), .embedInCode("0004_starts.sql"),
                .embedInCode("0005_founding.sql"),
                .embedInCode("0006_places.sql"),
            ],
            swiftSettings: settings),
        .target(
            name: "Paxos",
            dependencies: [.product(name: "DequeModule", package: "swift-collections")],
            swiftSettings: settings),

        // L1: what a node is made of.
        .target(
            name: "DecreeStore", dependencies: ["Paxos", "CSQLite", "Migrations"],
            swiftSettings: settings),
        .target(
            name: "DecreeWire",
            dependencies: ["Paxos", .product(name: "NIOCore", package: "swift-nio")],
            swiftSettings: settings),
        .target(name: "Bank", dependencies: ["Paxos"], swiftSettings: settings),
        .target(name: "ValueLog", dependencies: ["Paxos"], swiftSettings: settings),

        // L2: a node, its clients, and the world they are tried in. What a node decides is in DecreeNode,
        // which a server's loop and the simulator surround alike.
        .target(
            name: "DecreeNode", dependencies: ["Paxos", "DecreeStore", "DecreeWire"],
            swiftSettings: settings),
        .target(
            name: "Decree",
            dependencies: nio + [
                "Paxos", "DecreeStore", "DecreeWire", "DecreeNode", "DecreeClient",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "Metrics", package: "swift-metrics"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            swiftSettings: settings),
        .target(
            name: "DecreeClient",
            dependencies: nio + [
                "Paxos", "DecreeWire", .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: settings),
        .target(
            name: "DecreeSimulator",
            dependencies: [
                "Paxos", "CSQLite", "DecreeStore", "DecreeWire", "DecreeNode", "Bank",
                .product(name: "HeapModule", package: "swift-collections"),
                .product(name: "NIOCore", package: "swift-nio"),
            ],
            swiftSettings: settings),

        // For tests of one's own machine only: it needs Swift Testing.
        .target(name: "DecreeTesting", dependencies: ["DecreeSimulator", "Paxos"], swiftSettings: settings),

        // L3: the tool.
        .executableTarget(
            name: "DecreeCommand",
            dependencies: [
                "Paxos", "DecreeStore", "DecreeWire", "Bank", "ValueLog", "Decree", "DecreeClient",
                "DecreeSimulator",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "DequeModule", package: "swift-collections"),
                .product(name: "Histogram", package: "hdrhistogram-swift"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ] + nio,
            swiftSettings: settings),

        .testTarget(
            name: "PaxosTests", dependencies: ["Paxos"],
            // Found beside their tests, so that they can be rewritten where they stand.
            exclude: ["Traces"], swiftSettings: settings),
        .testTarget(
            name: "DecreeStoreTests",
            dependencies: ["Paxos", "DecreeStore", "DecreeSimulator", "CSQLite"],
            // Data directories of older versions, found beside the tests that open copies of them.
            exclude: ["Fixtures"], swiftSettings: settings),
        .testTarget(
            name: "DecreeNodeTests",
            dependencies: ["Paxos", "Bank", "DecreeNode", "DecreeStore", "DecreeWire"],
            swiftSettings: settings),
        .testTarget(
            name: "DecreeWireTests",
            dependencies: ["Paxos", "DecreeWire", .product(name: "NIOCore", package: "swift-nio")],
            swiftSettings: settings),
        .testTarget(
            name: "DecreeClientTests",
            dependencies: nio + [
                "Paxos", "DecreeWire", "DecreeClient", .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: settings),
        .testTarget(name: "BankTests", dependencies: ["Paxos", "Bank"], swiftSettings: settings),
        .testTarget(name: "ValueLogTests", dependencies: ["Paxos", "ValueLog"], swiftSettings: settings),
        .testTarget(
            name: "DecreeTests",
            dependencies: nio + [
                "Paxos", "Bank", "Decree", "DecreeClient", "DecreeStore", "DecreeWire",
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: settings),
        .testTarget(
            name: "DecreeSimulatorTests",
            dependencies: ["Paxos", "Bank", "DecreeSimulator", "DecreeNode", "DecreeTesting"],
            swiftSettings: settings),
        .testTarget(
            name: "ProcessTests",
            dependencies: nio + [
                "Paxos", "Bank", "ValueLog", "Decree", "DecreeClient", "DecreeCommand", "DecreeSimulator",
                "DecreeStore", "DecreeWire", "CSQLite",
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: settings),

        // What is fuzzed; the tests replay what is kept of it.
        .target(
            name: "FuzzTargets",
            dependencies: [
                "Paxos", "DecreeStore", "DecreeWire", "Bank", "Decree",
                .product(name: "NIOCore", package: "swift-nio"),
            ],
            path: "Fuzz/Targets", swiftSettings: settings),
        .testTarget(name: "FuzzTests", dependencies: ["FuzzTargets"], swiftSettings: settings),
    ] + (isFuzzing ? fuzzer : []) + (isBenchmarking ? microbenchmarks : []),
    swiftLanguageModes: [.v6]
)
