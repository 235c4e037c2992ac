// swift-tools-version: 6.2
import PackageDescription

let package = Package(
    name: "Tally",
    platforms: [.macOS(.v15)],
    dependencies: [.package(name: "decree", path: "../..")],
    targets: [
        .executableTarget(name: "Tally", dependencies: [.product(name: "Decree", package: "decree")]),
        .testTarget(
            name: "TallyTests",
            dependencies: ["Tally", .product(name: "DecreeTesting", package: "decree")]),
    ]
)
