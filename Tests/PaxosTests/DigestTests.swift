import Paxos
import Testing

/// XXH64's published values, and those of the reference implementation for every path through the
/// algorithm: under, at and over a stripe of 32 bytes, with every tail of 8, 4 and 1 bytes.
@Suite struct DigestTests {
    @Test(
        arguments: [
            ("", 0xEF46_DB37_51D8_E999), ("a", 0xD24E_C4F1_A98C_6E5B), ("abc", 0x44BC_2CF5_AD77_0999),
            ("Nobody inspects the spammish repetition", 0xFBCE_A83C_8A37_8BF1),
        ] as [(String, UInt64)])
    func publishedTexts(_ text: String, _ digest: UInt64) {
        #expect(Digest(of: Array(text.utf8)).rawValue == digest)
    }

    /// The sanity checks of the reference implementation: lengths of its generated buffer, with seed 0
    /// and with its 32-bit prime.
    @Test(
        arguments: [
            (0, 0xEF46_DB37_51D8_E999, 0xAC75_FDA2_929B_17EF),
            (1, 0xE934_A84A_DB05_2768, 0x5014_6076_43A9_B4C3),
            (4, 0x9136_A0DC_A574_57EE, 0xCAAB_286B_D8E9_FDB5),
            (14, 0x8282_DCC4_994E_35C8, 0xC3BD_6BF6_3DEB_6DF0),
            (222, 0xB641_AE8C_B691_C174, 0x20CB_8AB7_AE10_C14A),
        ] as [(Int, UInt64, UInt64)])
    func publishedSanityChecks(_ count: Int, _ digest: UInt64, _ seeded: UInt64) {
        var generator: UInt64 = 2_654_435_761
        let buffer = (0..<count).map { _ in
            defer { generator = generator &* 11_400_714_785_074_694_797 }
            return UInt8(generator >> 56)
        }
        #expect(Digest(of: buffer).rawValue == digest)
        #expect(Digest(of: buffer, seed: 2_654_435_761).rawValue == seeded)
    }

    /// The first bytes of 0, 1, 2 ... 255, with seed 0 and with `seed`.
    @Test(arguments: vectors) func referenceValues(_ count: Int, _ digest: UInt64, _ seeded: UInt64) {
        let bytes = (0..<count).map { UInt8($0) }
        #expect(Digest(of: bytes).rawValue == digest)
        #expect(Digest(of: bytes, seed: Self.seed).rawValue == seeded)
        // A slice that starts anywhere, and memory that is aligned to nothing.
        let shifted = [0xee] + bytes + [0xee]
        #expect(Digest(of: shifted[1..<count + 1]).rawValue == digest)
        shifted.withUnsafeBytes { memory in
            #expect(Digest(of: UnsafeRawBufferPointer(rebasing: memory[1..<count + 1])).rawValue == digest)
        }
    }

    @Test func fourIntegersAreTheirThirtyTwoBytes() {
        let bytes: [UInt8] =
            [1, 0, 0, 0, 0, 0, 0, 0, 0, 2] + Array(repeating: 0, count: 14) + Array(repeating: 0xff, count: 8)
        #expect(Digest(of: 1, 512, 0, .max) == Digest(of: bytes))
    }

    @Test func theChainTellsOrderSlotAndDigest() {
        let (one, two) = (Digest(of: [1]), Digest(of: [2]))
        let chain = Digest.zero.chained(Slot(1), one).chained(Slot(2), two)
        #expect(chain != Digest.zero.chained(Slot(1), two).chained(Slot(2), one))
        #expect(chain != Digest.zero.chained(Slot(1), one).chained(Slot(3), two))
        #expect(chain != Digest.zero.chained(Slot(2), two))
        #expect(chain.description == "bbd9824abe2a278d")
    }

    @Test func sixteenDigitsAreShown() {
        #expect(Digest(rawValue: 0xabc).description == "0000000000000abc")
        #expect(Digest(rawValue: .max).description == "ffffffffffffffff")
    }

    static let seed: UInt64 = 0x9E37_79B1_85EB_CA8D
    static let vectors: [(Int, UInt64, UInt64)] = [
        (0, 0xEF46_DB37_51D8_E999, 0x0B30_3D92_0EC3_49DF),
        (1, 0xE934_A84A_DB05_2768, 0x9C66_7866_9FCD_2E6D),
        (2, 0x4865_A00B_A85B_7CD6, 0x0770_342C_A9D4_7B00),
        (3, 0xE5C7_BB45_33BC_65DD, 0xF465_322E_2768_434F),
        (4, 0xFFCE_D860_4453_CC1E, 0x6105_C2E6_7219_DEC8),
        (5, 0xDD02_7438_6E26_030C, 0x97B0_6284_FC53_6B70),
        (6, 0x438E_2507_BF95_0423, 0x0D88_D332_858E_FAF7),
        (7, 0x14CC_643F_630C_72D2, 0x625A_CC63_3650_64BD),
        (8, 0x884A_1736_14B8_1B8D, 0xB55F_66AF_FCC2_4E70),
        (9, 0x67D8_5784_A7C7_8C5B, 0x458F_BF0E_5D7D_5A33),
        (10, 0xF76D_60EC_3254_1987, 0xC9B5_1239_4884_9573),
        (11, 0x652A_564A_9536_5ACA, 0x7050_C490_A44F_17C9),
        (12, 0x424A_F23F_1F08_DCA5, 0xBF51_FB14_BCFE_7BDC),
        (13, 0x13D1_7C4C_7797_23A8, 0x3142_628F_0622_9D12),
        (14, 0x5CDA_8B69_BBFC_1D45, 0x1D6D_10D1_B7A9_D248),
        (15, 0xA948_F5F0_F6AB_AC2D, 0x5F7C_B106_FE5E_7CB6),
        (16, 0x44B6_EF2F_B841_69F7, 0x21E5_2D46_A740_45EB),
        (17, 0x5603_E60C_5275_99B6, 0xEB5E_58DC_671E_E52D),
        (18, 0x5029_7AF5_A62C_6C94, 0xC295_B8B5_A9A1_15D4),
        (19, 0xF74E_4B12_8DEB_27AE, 0x58E9_4886_97FF_7367),
        (20, 0xA3E3_FBE9_6798_D8AC, 0x63C2_02C6_EB33_1B1E),
        (21, 0x742B_5135_879D_8608, 0x453A_D203_57FF_30CB),
        (22, 0xE853_2584_4A45_E58B, 0x0616_818E_8DC5_20B1),
        (23, 0x9261_C231_BDA5_6181, 0x806D_0E72_A102_1497),
        (24, 0xDD14_A029_2632_BE9B, 0x426E_430C_A1E9_E6A1),
        (25, 0x73F9_ACB5_ACBA_E666, 0x01CC_0973_1E3B_9DFB),
        (26, 0xC2BF_3773_3238_81B0, 0xA1B3_FD2F_77F2_21EF),
        (27, 0xAC2D_59A1_653F_CB2B, 0xFC56_0E83_F2A5_4FE3),
        (28, 0x1424_BB04_E9F1_64FF, 0x4520_8BEF_0543_82BB),
        (29, 0x91B3_02CB_6EE9_42E4, 0xE414_B665_99D4_FA79),
        (30, 0x76E4_44D8_A036_C867, 0x0850_D2A4_18AB_EC9D),
        (31, 0xC346_D2B5_9B4D_8EE1, 0xF6A0_359C_AC53_81BA),
        (32, 0xCBF5_9C51_16FF_32B4, 0xBC9B_546A_B584_ABD0),
        (33, 0x0C53_5D1A_CAFB_8EAD, 0xA11B_D47E_F728_DA75),
        (34, 0xFCD5_4944_24F0_C640, 0x21FD_A7FF_431E_DB86),
        (35, 0xF8C4_B2DA_CBDC_BA83, 0x9D3C_B569_527D_220B),
        (36, 0xDDE0_EF85_E3AE_F05C, 0xBB33_957F_214C_E938),
        (37, 0xD93F_A2DF_EE5C_24C9, 0xF10C_94EB_565D_8B2E),
        (38, 0x6836_7A0E_C491_35CA, 0x3237_45CD_3D71_9694),
        (39, 0x00A3_96EF_1679_A859, 0xADBD_3A51_21B1_BFC9),
        (40, 0xF5DA_40F1_B117_41E9, 0xB592_E79E_50CF_E879),
        (41, 0x0CF5_F0EA_7123_3FF0, 0x9846_0F4D_69B8_283A),
        (42, 0x4E09_6C2D_626C_BDC8, 0x235C_2D85_A75E_9C4D),
        (43, 0x599B_D13C_3D82_0DF7, 0x512A_7D7B_B4CD_AA42),
        (44, 0xA733_D156_DB2B_B292, 0xD85F_3A82_2361_0AD7),
        (45, 0x10FD_D84D_6409_ABDF, 0x96C5_98DF_0685_26B2),
        (46, 0xF311_D6DE_73D5_8535, 0xEA29_CB38_C188_0333),
        (47, 0x0D98_83A0_3E7B_FBB8, 0x29CB_E511_79B3_726B),
        (48, 0x8FE4_3763_2DA0_6964, 0xD1B7_0D14_B237_5DAF),
        (49, 0xFEB6_6C71_A897_FC0F, 0xA8B9_2D30_2AE7_9079),
        (50, 0x2104_4DE9_3561_A992, 0x9897_8C0E_4C17_0B7B),
        (51, 0x1CAA_E8C4_C693_54A7, 0xAC93_A2B2_EF74_34F7),
        (52, 0xBAFD_7B56_910E_EAFD, 0x2C1A_A588_9D5B_2D45),
        (53, 0x9A0B_C735_DB8C_FF3A, 0xF856_4D93_5A26_3945),
        (54, 0x40DF_F9F7_804E_D13A, 0xCDE7_AFC9_4267_7DAF),
        (55, 0x511C_D496_994E_A839, 0x86D3_F0B4_094F_1AE3),
        (56, 0x0CD8_69F8_0FF2_B918, 0xEC39_4845_0D22_2D21),
        (57, 0x714D_82B2_BAE0_ED0E, 0xDFB0_2C05_1F39_6C49),
        (58, 0x471C_1F75_8CB8_6BD7, 0x6A5B_C9BD_D193_C418),
        (59, 0xBF84_7336_DBC5_AA7D, 0x0A67_F35A_0353_B660),
        (60, 0x41B1_1A75_C6F2_45C5, 0xF080_26E9_F463_0942),
        (61, 0xFFE9_3B2F_2445_5ED0, 0xC4C7_9661_59F5_1152),
        (62, 0x66C4_2974_C8C1_CA8C, 0xA5C0_701F_D297_DEBD),
        (63, 0xE26A_A9E2_A95F_8E4F, 0x550D_67CD_CEB0_2F14),
        (64, 0xF7C6_7301_DB67_13F0, 0x6517_F78C_897A_D8FE),
        (65, 0xC31E_B63B_2AE4_465B, 0xCD74_B966_51A6_57AA),
        (66, 0xE13C_3985_248F_CE22, 0x1630_C235_5D3D_82EE),
        (67, 0x37D3_36F4_9700_2EE1, 0xEE2E_2AEB_DE36_4E14),
        (68, 0xFF29_2FA9_D227_CC70, 0xDF7E_CF1B_569E_2E8A),
        (69, 0x218A_050A_EC1C_8635, 0x9235_4425_B5A0_A473),
        (95, 0x9AD7_6AC1_2BAD_59A0, 0x2423_F312_20B9_E4C4),
        (96, 0x450B_AA11_F673_9216, 0x2EA4_B201_4C1B_1C0B),
        (97, 0xC93E_C3DB_0DD4_7E34, 0x2CBD_6A65_36FA_CD0B),
        (127, 0x464D_0858_10CE_0199, 0x1AAF_5360_5F91_C3E0),
        (128, 0x7A7F_E146_47B9_AB92, 0xCC8E_BE10_F200_FC4C),
        (129, 0x0BA2_5DFD_6E89_1FCF, 0xDB72_AFD0_AFF7_4F5E),
        (255, 0x0F7D_9750_7CAA_D693, 0x2EF0_F5E9_3D8E_AD43),
        (256, 0x1FAC_BE84_06CD_904B, 0x4708_8F71_BEBD_771A),
    ]
}
