"""The conditions of a segment: reads Maho's trees and compiles them to SQL."""
